// The quarantine: what can not be restored, moved out of what is listed, with the reason. It can be brought back by moving
// the folder to where it was. INVARIANT: an original goes once its copy is whole; the reason is written last and says so.
//
//   quarantine/ID/…             what was in the backup's folder, but for leases and pieces
//   quarantine/ID/reason.json   {"quarantined_at", "from", "why", "because", "seen"}
//   quarantine/ID.2/…           where that was taken already
import { isNadbError, sha256, toHex } from "@nadb/core";
import type { Lease } from "../lease.js";
import { isObject, parseJson } from "../manifest.js";
import { type BackupTarget, readWhole } from "../target.js";

export const QUARANTINE_FOLDER = "quarantine";
export const REASON_FILE = "reason.json";
const MAX_REASON_BYTES = 1 << 20;

export interface Reason {
  readonly quarantinedAt: string;
  /** The folder that it was in. */
  readonly from: string;
  readonly why: string;
  /** The damaged backup that it can not be restored without. */
  readonly because: string | null;
  /** SHA-256 of the names and sizes of what was moved. */
  readonly seen: string;
}

export interface Quarantined extends Reason {
  readonly folder: string;
}

/** What is in the quarantine; a copy that was never finished does not count. */
export async function listQuarantine(target: BackupTarget): Promise<Quarantined[]> {
  const found: Quarantined[] = [];
  for (const { name, type } of await target.list(QUARANTINE_FOLDER)) {
    if (type !== "folder") continue;
    const folder = `${QUARANTINE_FOLDER}/${name}`;
    const reason = await readReason(target, folder);
    if (reason !== undefined) found.push({ ...reason, folder });
  }
  return found;
}

/** Copies files of a folder into the quarantine; answers where. REQUIRES: the lease on the quarantine. */
export async function copyAside(
  target: BackupTarget,
  lease: Lease,
  { from, names, as, ...said }: Omit<Reason, "seen"> & { names: readonly string[]; as: string },
): Promise<string> {
  const seen = await fingerprint(target, from, names);
  const folder = await freeFolder(target, as, seen);
  for (const name of names) {
    const chunks = renewing(target.read(`${from}/${name}`), lease);
    await target.write(`${folder}/${name}`, chunks);
  }
  const reason = {
    quarantined_at: said.quarantinedAt,
    from,
    why: said.why,
    because: said.because,
    seen,
  };
  const bytes = new TextEncoder().encode(`${JSON.stringify(reason, null, 2)}\n`);
  await target.write(`${folder}/${REASON_FILE}`, [bytes]);
  await lease.confirm();
  return folder;
}

/** Where nothing is, or an earlier copy of the same. What was begun and never finished there is a copy, too. */
async function freeFolder(target: BackupTarget, as: string, seen: string): Promise<string> {
  for (let number = 1; ; number++) {
    const folder = `${QUARANTINE_FOLDER}/${number === 1 ? as : `${as}.${number}`}`;
    const entries = await target.list(folder);
    if (entries.length === 0) return folder;
    if (entries.some(({ name }) => name === REASON_FILE)) {
      if ((await readReason(target, folder))?.seen === seen) return folder;
    } else if (entries.every(({ type }) => type === "file")) {
      await target.remove(folder);
      return folder;
    }
  }
}

async function* renewing(
  chunks: AsyncIterable<Uint8Array>,
  lease: Lease,
): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    yield chunk;
    await lease.renew();
  }
}

/** Small files count by their bytes, so that two manifests of one length are told apart. */
async function fingerprint(
  target: BackupTarget,
  from: string,
  names: readonly string[],
): Promise<string> {
  const parts: string[] = [from];
  for (const name of [...names].sort()) {
    const size = (await target.size(`${from}/${name}`)) ?? 0;
    const bytes = name.endsWith(".json") && size <= MAX_REASON_BYTES;
    const content = bytes
      ? await readWhole(target, `${from}/${name}`, MAX_REASON_BYTES)
      : undefined;
    parts.push(`${name} ${size} ${content === undefined ? "" : toHex(sha256(content))}`);
  }
  return toHex(sha256(new TextEncoder().encode(parts.join("\n"))));
}

async function readReason(target: BackupTarget, folder: string): Promise<Reason | undefined> {
  const path = `${folder}/${REASON_FILE}`;
  try {
    const json = parseJson(await readWhole(target, path, MAX_REASON_BYTES), path);
    return isObject(json) ? reasonOf(json) : undefined;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

const reasonOf = (json: Readonly<Record<string, unknown>>): Reason => ({
  quarantinedAt: String(json.quarantined_at),
  from: String(json.from),
  why: String(json.why),
  because: json.because === null ? null : String(json.because),
  seen: String(json.seen),
});
