// The change feed as an application reads it: puts with decoded values and deletes, one by one, with the checkpoints from
// which it can go on.
import { copyBytes } from "#slab";
import type { Checkpoint, EncodedChange, StorageNamespace } from "../backend.js";
import { invalidArgument } from "../errors.js";
import { type Change, decodeChange } from "../record.js";
import { decodeValue, type ValueCodec } from "./codec.js";
import type { SignalOption, StoreChange, WatchOptions } from "./options.js";
import { pause } from "./retry.js";

const DEFAULT_POLL_SECONDS = 0.25;

export async function* watch<T>(
  storage: StorageNamespace,
  codec: ValueCodec<T, never>,
  options: WatchOptions,
): AsyncGenerator<StoreChange<T>, void, undefined> {
  const { follow = false, pollSeconds = DEFAULT_POLL_SECONDS, signal } = options;
  if (!(pollSeconds > 0)) {
    throw invalidArgument(`pollSeconds ${String(pollSeconds)} is not a number above 0`);
  }
  let since = options.since ?? null;
  for (;;) {
    since = yield* oneRun(storage, codec, since, signal === undefined ? {} : { signal });
    if (!follow) return;
    do await pause(pollSeconds * 1000, signal);
    while ((await storage.head()).checkpoint === since && signal?.aborted !== true);
    signal?.throwIfAborted();
  }
}

/** The run behind `since`; answers the cut it ends at. One change is held back: the last one carries the cut. */
async function* oneRun<T>(
  storage: StorageNamespace,
  codec: ValueCodec<T, never>,
  since: Checkpoint | null,
  options: SignalOption,
): AsyncGenerator<StoreChange<T>, Checkpoint | null, undefined> {
  let held: EncodedChange | undefined;
  for await (const { changes, end } of storage.changes(since, options)) {
    for (const change of changes) {
      if (held !== undefined) yield changeOf(codec, held);
      held = change;
    }
    if (end === undefined) continue;
    if (held !== undefined) yield { ...changeOf(codec, held), checkpoint: end.checkpoint };
    return end.checkpoint;
  }
  return since;
}

function changeOf<T>(codec: ValueCodec<T, never>, encoded: EncodedChange): StoreChange<T> {
  const change: Change = decodeChange(encoded);
  if (change.type === "tombstone") return { type: "delete", ...change.tombstone };
  const { record } = change;
  return { type: "put", ...record, value: decodeValue(codec, record.key, copyBytes(record.value)) };
}
