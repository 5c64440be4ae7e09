// Evidence: what the last full verification and the last drill of a backup have found, kept in its folder, so that its health
// can be judged while no process is alive. INVARIANT: evidence is of the files of one chain as they were; once one of them
// is another (a merge, another backup of the same id) it counts for nothing.
//
//   ID/verified.json, ID/drilled.json
//   {"format": "nadb-evidence", "format_version": 1, "level": "full" or "drill", "chain_checksum": "sha256:…",
//    "at": ISO time, "ok": flag, "findings": [text, …], "state_digest": hex, "records": count, "bytes": count,
//    "seconds": number, "last_ok_at": ISO time or null}
import { isNadbError, sha256, toHex } from "@nadb/core";
import type { LeaseHost } from "./lease.js";
import { type BackupInfo, isObject, manifestChecksumOf, parseJson } from "./manifest.js";
import { evidencePath } from "./paths.js";
import { type BackupTarget, readWhole } from "./target.js";

const FORMAT = "nadb-evidence";
const VERSION = 1;
const MAX_BYTES = 1 << 20;
const MAX_FINDINGS = 20;

/** full: every record was read and the digest compared. drill: and restored into a store. */
export type EvidenceLevel = "full" | "drill";

export interface Evidence {
  readonly level: EvidenceLevel;
  /** When it was over, ISO 8601 in UTC. */
  readonly at: string;
  readonly ok: boolean;
  /** In words; none when it was ok. */
  readonly findings: readonly string[];
  readonly stateDigest: string;
  /** Of the state at the cut: records, and bytes of their values. */
  readonly records: number;
  readonly bytes: number;
  /** How long it took; of a drill, the restore alone. */
  readonly seconds: number;
  /** When this chain, as it is, was last found to be ok; null: never. */
  readonly lastOkAt: string | null;
}

export type NewEvidence = Omit<Evidence, "at" | "lastOkAt">;

/** A repository. */
export interface EvidencePlace {
  readonly target: BackupTarget;
  readonly host: LeaseHost;
  checkWritable(): Promise<void>;
}

/**
 * Keeps it in the place of what was there. Answers false where nothing can be written: that changes nothing about what was
 * found. REQUIRES: a shared lease on the chain, so that no folder is made for a backup that is being deleted.
 */
export async function recordEvidence(
  repository: EvidencePlace,
  chain: readonly BackupInfo[],
  found: NewEvidence,
): Promise<boolean> {
  const { target, host } = repository;
  const { backupId } = chain.at(-1) as BackupInfo;
  try {
    await repository.checkWritable();
    const before = await readEvidence(target, chain, found.level);
    const at = new Date(host.clock()).toISOString();
    const lastOkAt = found.ok ? at : (before?.lastOkAt ?? null);
    const bytes = encode({ ...found, at, lastOkAt }, chainChecksumOf(chain));
    await target.write(evidencePath(backupId, found.level), [bytes]);
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_IO") || isNadbError(error, "NADB_UNSUPPORTED")) return false;
    throw error;
  }
}

/** Undefined when there is none of this chain as it is, or none that can be read. @param chain oldest first. */
export async function readEvidence(
  target: BackupTarget,
  chain: readonly BackupInfo[],
  level: EvidenceLevel,
): Promise<Evidence | undefined> {
  const { backupId } = chain.at(-1) as BackupInfo;
  const path = evidencePath(backupId, level);
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    const isOurs = isObject(json) && json.format === FORMAT && json.format_version === VERSION;
    if (!isOurs || json.chain_checksum !== chainChecksumOf(chain)) return undefined;
    return decode(json, level);
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}

/** What was found last, of a verification and a drill. */
export function newerOf(a: Evidence | undefined, b: Evidence | undefined): Evidence | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Date.parse(a.at) > Date.parse(b.at) ? a : b;
}

/** SHA-256 over the `manifest_checksum` of each backup of the chain, oldest first, one a line. */
function chainChecksumOf(chain: readonly BackupInfo[]): string {
  const lines = chain.map((info) => `${manifestChecksumOf(info)}\n`).join("");
  return `sha256:${toHex(sha256(new TextEncoder().encode(lines)))}`;
}

function encode(evidence: Evidence, chainChecksum: string): Uint8Array {
  const json = {
    format: FORMAT,
    format_version: VERSION,
    level: evidence.level,
    chain_checksum: chainChecksum,
    at: evidence.at,
    ok: evidence.ok,
    findings: evidence.findings.slice(0, MAX_FINDINGS),
    state_digest: evidence.stateDigest,
    records: evidence.records,
    bytes: evidence.bytes,
    seconds: evidence.seconds,
    last_ok_at: evidence.lastOkAt,
  };
  return new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
}

/** Undefined when a field that a judgement rests on is not as it should be. */
function decode(
  json: Readonly<Record<string, unknown>>,
  level: EvidenceLevel,
): Evidence | undefined {
  const { at, ok, last_ok_at: lastOkAt, findings, state_digest: stateDigest } = json;
  if (json.level !== level || !isTime(at) || typeof ok !== "boolean") return undefined;
  if (lastOkAt !== null && !isTime(lastOkAt)) return undefined;
  return {
    level,
    at,
    ok,
    findings: Array.isArray(findings) ? findings.map(String) : [],
    stateDigest: String(stateDigest),
    records: countIn(json.records),
    bytes: countIn(json.bytes),
    seconds: countIn(json.seconds),
    lastOkAt,
  };
}

export const isTime = (value: unknown): value is string =>
  typeof value === "string" && !Number.isNaN(Date.parse(value));

const countIn = (value: unknown): number =>
  typeof value === "number" && Number.isFinite(value) && value >= 0 ? value : 0;
