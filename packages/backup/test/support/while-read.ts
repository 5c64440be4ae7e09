// A namespace whose change feed is read while others write and time passes.
import type { ChangePage, Checkpoint, StorageNamespace } from "@nadb/core";
import { override } from "./override.js";

export interface Beside {
  /** Before anything is read, and between pages of a feed in version order. */
  readonly meanwhile: () => Promise<unknown>;
  readonly onEnd?: () => void;
  /** Run from the beginning in version order, too, as an engine without snapshots does. Default false. */
  readonly isChasing?: boolean;
}

/** A feed in version order is chased: what is written while it is read is in its cut. */
export function whileRead(
  storage: StorageNamespace,
  { meanwhile, onEnd, isChasing = false }: Beside,
): StorageNamespace {
  async function* changes(since: Checkpoint | null): AsyncGenerator<ChangePage> {
    await meanwhile();
    let from = since;
    if (since !== null || isChasing) {
      for await (const { changes, end } of storage.changes(since)) {
        yield { changes };
        from = end?.checkpoint ?? from;
      }
      await meanwhile();
    }
    for await (const page of storage.changes(from)) {
      if (page.end !== undefined) onEnd?.();
      yield page;
    }
  }
  return override(storage, { changes });
}
