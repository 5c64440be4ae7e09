// Opening what Sealer has sealed. Reads check the length; what goes into backups or to watchers is compared with
// the hash in the seal, so that they carry what was put, or fail.
import type { ChangePage, ChangesOptions, EncodedChange, StoredRecord } from "../backend.js";
import { compareBytes } from "../bytes.js";
import { contentHash } from "../digest.js";
import { corruption } from "../errors.js";
import { quote } from "../limits.js";
import { decodeRecord, encodeRecord, isSealed } from "../record.js";
import { unpack } from "./payload.js";
import { type Ready, whenReady } from "./ready.js";

const DEFAULT_PAGE_BYTES = 1 << 20;

/** The record as its reader knows it. Throws NADB_CORRUPTION naming the key. */
export async function openRecord(record: StoredRecord): Promise<StoredRecord> {
  const { seal, ...rest } = record;
  if (seal === undefined) return record;
  return { ...rest, value: await unpack(record.key, record.value, seal.length) };
}

/** The plain encoding of a sealed record, same version and times. Throws NADB_CORRUPTION naming the key. */
function openChange(change: EncodedChange): Ready<EncodedChange> {
  const { seal, ...record } = decodeRecord(change);
  if (seal === undefined) return change;
  return whenReady(unpack(record.key, record.value, seal.length), (value) => {
    const plain = encodeRecord({ ...record, value });
    if (compareBytes(contentHash(plain), seal.contentHash) === 0) return plain;
    throw corruption(`the record ${quote(record.key)} has not the content that its seal says`);
  });
}

/** The page with its sealed records opened. What was small then may be large now, so it may become several pages. */
export async function* openPage(
  page: ChangePage,
  { pageBytes = DEFAULT_PAGE_BYTES, signal }: ChangesOptions,
): AsyncGenerator<ChangePage, void, undefined> {
  const order = page.inKeyOrder === undefined ? {} : { inKeyOrder: page.inKeyOrder };
  let changes: EncodedChange[] = [];
  let bytes = 0;
  for (const change of page.changes) {
    if (bytes >= pageBytes) {
      yield { changes, ...order };
      signal?.throwIfAborted();
      changes = [];
      bytes = 0;
    }
    const opened = isSealed(change) ? await openChange(change) : change;
    changes.push(opened);
    bytes += opened.length;
  }
  yield { ...page, changes };
}
