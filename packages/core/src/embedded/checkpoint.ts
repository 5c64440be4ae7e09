// Checkpoints of embedded engines: which cut one names, and whether a namespace can serve what came behind it.
import type { Checkpoint, Head } from "../backend.js";
import { toHex } from "../bytes.js";
import { EMPTY_DIGEST } from "../digest.js";
import { NadbError } from "../errors.js";
import { quote } from "../limits.js";
import { type NamespaceEntry, NO_REIGN } from "./entry.js";
import type { ReadTransaction } from "./ordered-kv.js";
import { hadReign } from "./reigns.js";

/** The cut of a namespace that was never written to. Its content is empty, so any feed serves it. */
const EMPTY_CHECKPOINT: Checkpoint = "empty";

const EMPTY_HEAD: Head = {
  checkpoint: EMPTY_CHECKPOINT,
  generation: "",
  version: 0,
  count: 0,
  bytes: 0,
  digest: EMPTY_DIGEST,
};

// checkpoint := generation "-" version "-" reign      of layout 1 without a reign
const CHECKPOINT = /^([0-9a-f]{16})-(\d{1,16})(?:-([0-9a-f]{16}))?$/;

export function checkpointOf({ generation, version, reign }: NamespaceEntry): Checkpoint {
  const point = `${toHex(generation)}-${version}`;
  return reign === NO_REIGN ? point : `${point}-${toHex(reign)}`;
}

export function headOf(entry: NamespaceEntry | undefined): Head {
  if (entry === undefined) return EMPTY_HEAD;
  return {
    checkpoint: checkpointOf(entry),
    generation: toHex(entry.generation),
    version: entry.version,
    count: entry.count,
    bytes: entry.bytes,
    digest: entry.digest.toHex(),
  };
}

/** The version a run begins behind; throws when the feed of `entry` does not reach back to `since`. */
export function startOfRun(
  tx: ReadTransaction,
  entry: NamespaceEntry | undefined,
  since: Checkpoint | null,
): number {
  if (since === null || since === EMPTY_CHECKPOINT) return 0;
  const version = versionIn(tx, entry, since);
  if (entry === undefined || version < entry.trimmed) {
    throw expired(since, "tombstones behind it have been trimmed");
  }
  return version;
}

/** The version of a checkpoint of the entry's own generation and history; throws for any other. */
export function versionIn(
  tx: ReadTransaction,
  entry: NamespaceEntry | undefined,
  checkpoint: Checkpoint,
): number {
  if (checkpoint === EMPTY_CHECKPOINT) return 0;
  const match = CHECKPOINT.exec(checkpoint);
  if (match === null) throw expired(checkpoint, "it is none of this backend's");
  const [, generation, digits, reign] = match;
  const version = Number(digits);
  if (entry === undefined || generation !== toHex(entry.generation)) {
    throw expired(checkpoint, "the namespace's content has been replaced since");
  }
  if (version > entry.version) throw expired(checkpoint, "it lies ahead of this namespace");
  if (reign !== undefined && !hadReign(tx, entry, reign, version)) {
    throw expired(checkpoint, "this store has parted from that history before, or is a copy of it");
  }
  return version;
}

function expired(checkpoint: Checkpoint, why: string): NadbError {
  return new NadbError(
    "NADB_CHECKPOINT_EXPIRED",
    `checkpoint ${quote(checkpoint)} can not be served: ${why}`,
    {
      hint: "take a full backup; incrementals can follow on it",
    },
  );
}
