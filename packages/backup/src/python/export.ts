// Writing a backup for the Python original: the state at its cut as a full backup of a repository in the original's layout.
// INVARIANT (write order): data file, durable → read back and compared → index. What is not in the index is no backup.
import { type EncodedChange, NadbError, quote } from "@nadb/core";
import { encodeJson } from "../json/writer.js";
import type { BackupInfo } from "../manifest.js";
import { dataPath, JSON_FILE, JSON_GZIP_FILE } from "../paths.js";
import type { LongWork } from "../progress.js";
import type { Reading } from "../reading.js";
import type { Repository } from "../repository.js";
import { HashedChunks } from "../run/hashed-chunks.js";
import { RunTotals, readRun } from "../run/read-run.js";
import { provenState } from "../run/state.js";
import type { BackupTarget } from "../target.js";
import { PythonCatalog } from "./catalog.js";
import {
  entryOf,
  NOT_KNOWN,
  type PythonIndex,
  readPythonIndex,
  writePythonIndex,
} from "./index-file.js";
import { pythonLine } from "./records.js";

export interface ExportPythonOptions extends LongWork {
  /** Default true. */
  readonly compression?: boolean;
}

/**
 * Writes what a restore of the backup would bring as a full backup of the same id into the repository of the Python
 * original at `target`, which is made when the target is empty. Throws NADB_ALREADY_EXISTS for an id that is there,
 * NADB_NOT_A_REPOSITORY when the target holds something else; whatever fails, no other backup there is touched.
 */
export async function exportPython(
  repository: Repository,
  backupId: string,
  target: BackupTarget,
  options: ExportPythonOptions = {},
): Promise<BackupInfo> {
  await using reading = await repository.reading(backupId);
  await checkUnused(await indexAt(target, backupId), target, backupId);
  const entry = await writeData(reading, target, options);
  try {
    await readBack(target, entry, options);
    const index = await indexAt(target, backupId); // another export may have ended meanwhile
    await writePythonIndex(target, new Map([...index, [backupId, entryOf(entry)]]));
  } catch (error) {
    await target.remove(dataPath(backupId, entry.dataFile)).catch(() => undefined); // the first failure is the one to tell
    throw error;
  }
  return new PythonCatalog(target).get(backupId);
}

/** Empty where there is nothing yet but the export's own folder. */
async function indexAt(target: BackupTarget, backupId: string): Promise<PythonIndex> {
  const index = await readPythonIndex(target);
  if (index !== undefined) return index;
  const entries = await target.list("");
  if (entries.every(({ name }) => name === backupId)) return new Map();
  throw new NadbError(
    "NADB_NOT_A_REPOSITORY",
    `${target.name} holds other files and no repository of the Python original`,
    { hint: "name a new or empty folder" },
  );
}

async function checkUnused(
  index: PythonIndex,
  target: BackupTarget,
  backupId: string,
): Promise<void> {
  const isThere = index.has(backupId);
  if (!isThere && (await target.list(backupId)).length === 0) return;
  throw new NadbError(
    "NADB_ALREADY_EXISTS",
    isThere
      ? `${target.name} has a backup ${quote(backupId)} already`
      : `${target.name} has a folder ${quote(backupId)} that is no backup`,
    { hint: isThere ? "export into another folder" : "remove it, if nobody needs what it holds" },
  );
}

/** Writes the data file and answers what the index will say. */
async function writeData(
  reading: Reading,
  target: BackupTarget,
  { compression = true, ...work }: ExportPythonOptions,
): Promise<BackupInfo> {
  const { tip } = reading;
  const totals = new RunTotals();
  const file = new HashedChunks();
  const records = counted(provenState(reading, "read", work), totals);
  const dataFile = compression ? JSON_GZIP_FILE : JSON_FILE;
  const text = encodeJson(records, compression ? "gzip" : "none", pythonLine);
  const signal = work.signal === undefined ? {} : { signal: work.signal };
  const path = dataPath(tip.backupId, dataFile);
  await target.write(path, file.pass(text), { ifAbsent: true, ...signal });
  return {
    ...tip,
    ...NOT_KNOWN,
    backupType: "full",
    parentBackupId: null,
    fileCount: totals.recordCount,
    recordCount: totals.recordCount,
    tombstoneCount: 0,
    totalSize: totals.totalSize,
    storedSize: file.size,
    checksum: file.checksum(),
    compression,
    codec: compression ? "gzip" : "none",
    dataFile,
  };
}

async function* counted(
  run: AsyncIterable<readonly EncodedChange[]>,
  totals: RunTotals,
): AsyncGenerator<readonly EncodedChange[], void, undefined> {
  for await (const records of run) {
    for (const record of records) totals.add(record);
    yield records;
  }
}

async function readBack(
  target: BackupTarget,
  written: BackupInfo,
  { signal }: LongWork,
): Promise<void> {
  for await (const _ of readRun(target, written, signal === undefined ? {} : { signal }));
}
