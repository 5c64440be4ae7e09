// What the archive of a namespace promises, kept beside its segments (archive.json) so that whoever prunes backups, lists
// points or judges its health goes by it, also while no archiver runs. INVARIANT: one that can not be read may have promised
// anything: it is told, and whoever would let something go takes it for a promise of everything.
import { corruption, isNadbError, NadbError, type NamespaceId } from "@nadb/core";
import { isObject, parseJson } from "../manifest.js";
import { type BackupTarget, readWhole } from "../target.js";
import { declarationPath } from "./names.js";
import { type ArchivePolicy, checkEverySeconds, checkPolicy, type Level } from "./policy.js";

const FORMAT = "nadb-archive";
const VERSION = 1;
const MAX_BYTES = 1 << 16;

export interface Declaration {
  /** How often the archiver looks. */
  readonly everySeconds: number;
  /** null: everything is kept. */
  readonly policy: ArchivePolicy | null;
}

/** Undefined when there is none. Throws NADB_CORRUPTION, and NADB_NEWER_FORMAT for one that only a newer NADB reads. */
export async function readDeclaration(
  target: BackupTarget,
  id: NamespaceId,
): Promise<Declaration | undefined> {
  const path = declarationPath(id);
  try {
    return decode(path, parseJson(await readWhole(target, path, MAX_BYTES), path));
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND")) return undefined;
    if (isNadbError(error, "NADB_INVALID_ARGUMENT")) throw damaged(path, error.message);
    throw error;
  }
}

function decode(path: string, json: unknown): Declaration {
  if (!isObject(json) || json.format !== FORMAT) throw damaged(path, "it is none");
  const { format_version: version, every_seconds: everySeconds, levels } = json;
  if (Number(version) > VERSION)
    throw new NadbError("NADB_NEWER_FORMAT", `${path} has format version ${String(version)}`, {
      hint: `this NADB knows versions up to ${VERSION}: update it`,
    });
  if (version !== VERSION) throw damaged(path, `it has format version ${String(version)}`);
  checkEverySeconds(everySeconds);
  if (levels === undefined) return { everySeconds: Number(everySeconds), policy: null };
  if (!Array.isArray(levels)) throw damaged(path, "its levels are no list");
  const policy = levels.map((level): Level => {
    const { every_seconds, for_seconds } = isObject(level) ? level : {};
    return { everySeconds: Number(every_seconds), forSeconds: Number(for_seconds) };
  });
  checkPolicy(policy);
  return { everySeconds: Number(everySeconds), policy };
}

const damaged = (path: string, why: string): NadbError =>
  corruption(`${path} does not say what the archive promises: ${why}`);

/** What is declared; or, where that can not be read, why. */
export async function declarationOr(
  target: BackupTarget,
  id: NamespaceId,
): Promise<{ readonly declared?: Declaration; readonly fault?: NadbError }> {
  try {
    const declared = await readDeclaration(target, id);
    return declared === undefined ? {} : { declared };
  } catch (error) {
    if (isNadbError(error, "NADB_CORRUPTION") || isNadbError(error, "NADB_NEWER_FORMAT"))
      return { fault: error };
    throw error;
  }
}

/** Writes nothing where it says so already, and over one that is damaged. Throws NADB_NEWER_FORMAT. */
export async function declare(
  target: BackupTarget,
  id: NamespaceId,
  { everySeconds, policy }: Declaration,
): Promise<void> {
  const levels = policy?.map((level) => ({
    every_seconds: level.everySeconds,
    for_seconds: level.forSeconds,
  }));
  const { declared: there, fault } = await declarationOr(target, id);
  if (fault?.code === "NADB_NEWER_FORMAT") throw fault;
  if (JSON.stringify(there) === JSON.stringify({ everySeconds, policy })) return;
  const json = { format: FORMAT, format_version: VERSION, every_seconds: everySeconds, levels };
  const bytes = new TextEncoder().encode(`${JSON.stringify(json, null, 2)}\n`);
  await target.write(declarationPath(id), [bytes]);
}

/** Looks that come somewhat late are no gap. */
const LATE_MS = 10_000;

/** How long nobody may have looked before a point of this age, in ms. */
export function promisedMs({ everySeconds, policy }: Declaration, ageMs: number): number {
  const level = policy?.find(({ forSeconds }) => ageMs <= forSeconds * 1000) ?? policy?.at(-1);
  return 2 * 1000 * Math.max(everySeconds, level?.everySeconds ?? 0) + LATE_MS;
}
