// When a job that leaves nothing else behind was last done, kept in the repository so that a schedule can tell what it has
// missed: schedule/runs/DB/NAMESPACE/JOB.json, {"format": "nadb-run", "format_version": 1, "at": ISO time}.
import { isNadbError, type NamespaceId } from "@nadb/core";
import { isObject, parseJson } from "../manifest.js";
import { SCHEDULE_FOLDER } from "../paths.js";
import type { Repository } from "../repository.js";
import { readWhole } from "../target.js";
import type { JobName } from "./run.js";

const FORMAT = "nadb-run";
const VERSION = 1;
const MAX_BYTES = 4_096;

const pathOf = ({ db, namespace }: NamespaceId, job: JobName): string =>
  `${SCHEDULE_FOLDER}/runs/${db}/${namespace}/${job}.json`;

export async function writeTrace(
  { target, host }: Repository,
  id: NamespaceId,
  job: JobName,
): Promise<void> {
  const at = new Date(host.clock()).toISOString();
  const json = { format: FORMAT, format_version: VERSION, at };
  await target.write(pathOf(id, job), [new TextEncoder().encode(`${JSON.stringify(json)}\n`)]);
}

/** In ms since 1970; undefined when there is none that can be read. */
export async function readTrace(
  { target }: Repository,
  id: NamespaceId,
  job: JobName,
): Promise<number | undefined> {
  const path = pathOf(id, job);
  try {
    const json = parseJson(await readWhole(target, path, MAX_BYTES), path);
    if (!isObject(json) || json.format !== FORMAT || json.format_version !== VERSION)
      return undefined;
    const at = typeof json.at === "string" ? Date.parse(json.at) : Number.NaN;
    return Number.isNaN(at) ? undefined : at;
  } catch (error) {
    if (isNadbError(error, "NADB_NOT_FOUND") || isNadbError(error, "NADB_CORRUPTION"))
      return undefined;
    throw error;
  }
}
