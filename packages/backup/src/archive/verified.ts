// What the last full verification of an archive has found, kept in its folder, so that its health can be judged while no
// process is alive. INVARIANT: a finding counts as long as what it was found in is there: a segment that was merged away or
// set aside takes it along, and a later verification puts its own in its place.
//
//   archive/DB/NAMESPACE/verified.json   {"format": "nadb-archive-evidence", "format_version": 1, "at": ISO time, "ok": flag,
//                                         "findings": [{"generation": text, "segment": name or null, "detail": text}, …]}
import { isNadbError, type NamespaceId } from "@nadb/core";
import { isTime } from "../evidence.js";
import { isObject, parseJson } from "../manifest.js";
import type { Repository } from "../repository.js";
import { type BackupTarget, readWhole } from "../target.js";
import { archiveFolder } from "./names.js";
import type { Listing } from "./segments.js";

const FORMAT = "nadb-archive-evidence";
const VERSION = 1;
const MAX_BYTES = 1 << 24;
const MAX_FINDINGS = 10_000;

export interface ArchiveDamage {
  readonly generation: string;
  /** Null: it lies in no segment, but no newest state of the generation can be restored. */
  readonly segment: string | null;
  readonly detail: string;
}

const pathOf = (id: NamespaceId): string => `${archiveFolder(id)}/verified.json`;

/** Answers false where nothing can be written: that changes nothing about what was found. */
export async function recordArchive(
  repository: Repository,
  id: NamespaceId,
  damages: readonly ArchiveDamage[],
): Promise<boolean> {
  const at = new Date(repository.host.clock()).toISOString();
  const findings = damages.slice(0, MAX_FINDINGS);
  const json = {
    format: FORMAT,
    format_version: VERSION,
    at,
    ok: damages.length === 0,
    findings,
  };
  try {
    await repository.checkWritable();
    const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
    await repository.target.write(pathOf(id), [bytes]);
    return true;
  } catch (error) {
    if (isNadbError(error, "NADB_IO") || isNadbError(error, "NADB_UNSUPPORTED")) return false;
    throw error;
  }
}

export interface ArchiveEvidence {
  /** When the last verification was over, ISO 8601 in UTC; undefined: nobody knows of one. */
  readonly at: string | undefined;
  /** What it has found, of what is still there. */
  readonly findings: readonly ArchiveDamage[];
}

/** One that can not be read tells nothing. */
export async function readArchiveEvidence(
  target: BackupTarget,
  id: NamespaceId,
  { segments, damaged }: Listing,
): Promise<ArchiveEvidence> {
  const there = [...segments, ...damaged];
  const names = new Set(there.map(({ generation, name }) => `${generation}/${name}`));
  const generations = new Set(there.map(({ generation }) => generation));
  const { at, findings } = await readRecord(target, pathOf(id));
  const isThere = ({ generation, segment }: ArchiveDamage): boolean =>
    segment === null ? generations.has(generation) : names.has(`${generation}/${segment}`);
  return { at, findings: findings.filter(isThere) };
}

const NOTHING: ArchiveEvidence = { at: undefined, findings: [] };

async function readRecord(target: BackupTarget, path: string): Promise<ArchiveEvidence> {
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    const isOurs = isObject(json) && json.format === FORMAT && json.format_version === VERSION;
    if (!isOurs || !isTime(json.at) || !Array.isArray(json.findings)) return NOTHING;
    return { at: json.at, findings: json.findings.filter(isDamage) };
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return NOTHING;
    throw error;
  }
}

const isDamage = (json: unknown): json is ArchiveDamage =>
  isObject(json) &&
  typeof json.generation === "string" &&
  (json.segment === null || typeof json.segment === "string") &&
  typeof json.detail === "string";
