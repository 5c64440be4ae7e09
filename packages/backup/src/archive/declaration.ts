// What the archive of a namespace promises, kept beside its segments (archive.json) so that whoever prunes backups, lists
// points or judges its health goes by it, also while no archiver runs. Nothing else depends on it: lost or damaged it
// promises everything.
import { isNadbError, type NamespaceId } from "@nadb/core";
import { isObject, parseJson } from "../manifest.js";
import { type BackupTarget, readWhole } from "../target.js";
import { declarationPath } from "./names.js";
import { type ArchivePolicy, checkPolicy, type Level } from "./policy.js";

const FORMAT = "nadb-archive";
const VERSION = 1;
const MAX_BYTES = 1 << 16;

export interface Declaration {
  /** How often the archiver looks. */
  readonly everySeconds: number;
  /** null: everything is kept. */
  readonly policy: ArchivePolicy | null;
}

/** Undefined when there is none that can be read. */
export async function readDeclaration(
  target: BackupTarget,
  id: NamespaceId,
): Promise<Declaration | undefined> {
  const path = declarationPath(id);
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    return isObject(json) && json.format === FORMAT && json.format_version === VERSION
      ? fromJson(json)
      : undefined;
  } catch (error) {
    const unreadable = ["NADB_NOT_FOUND", "NADB_CORRUPTION", "NADB_INVALID_ARGUMENT"] as const;
    if (unreadable.some((code) => isNadbError(error, code))) return undefined;
    throw error;
  }
}

function fromJson(json: Readonly<Record<string, unknown>>): Declaration | undefined {
  const { every_seconds: everySeconds, levels } = json;
  if (typeof everySeconds !== "number") return undefined;
  if (!Array.isArray(levels)) return { everySeconds, policy: null };
  const policy = levels.map((level): Level => {
    const { every_seconds, for_seconds } = isObject(level) ? level : {};
    return { everySeconds: Number(every_seconds), forSeconds: Number(for_seconds) };
  });
  checkPolicy(policy);
  return { everySeconds, policy };
}

/** Writes nothing where it says so already. */
export async function declare(
  target: BackupTarget,
  id: NamespaceId,
  { everySeconds, policy }: Declaration,
): Promise<void> {
  const levels = policy?.map((level) => ({
    every_seconds: level.everySeconds,
    for_seconds: level.forSeconds,
  }));
  const there = await readDeclaration(target, id);
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
