// NADB beside programs that back up files: the same records, exported as a file each, in turns in the same minutes.
//
//   subject    := { name, open(repository) → repository, change() }
//   repository := { backup(), again?(), restore() }, each of which answers a sample
import { availableArchivers, bytesIn } from "../archivers.mjs";
import { apply, Changes } from "../changes.mjs";
import { openManager, timedRestore } from "../contenders.mjs";
import { fillNadb } from "../filled.mjs";
import { measure, timed } from "../measure.mjs";
import { whole } from "../numbers.mjs";
import { applyToFiles, writeFiles } from "../record-files.mjs";
import { records as recordsOf } from "../records.mjs";

const CHANGES = 1000;
const MOST_RUNS = 3;

export const archivers = { name: "archivers", run };

async function run({ folders, records, runs, note }) {
  const programs = await availableArchivers(folders);
  if (programs.length === 0) return [];
  note("filling the store, exporting the records");
  const filled = await fillNadb(folders, recordsOf({ count: records }));
  const files = folders.fresh("files");
  writeFiles(files, recordsOf({ count: records }));
  const subjects = [
    nadb(filled, folders, records),
    ...programs.map((program) => archiver(program, files, folders, records)),
  ];
  const rows = await rowsOf(subjects, folders, { runs: Math.min(runs, MOST_RUNS), note });
  await filled.close();
  return rows;
}

function nadb({ store }, folders, count) {
  const changes = new Changes(count);
  const open = async (repository) => {
    const manager = await openManager(store, repository);
    let last = "full";
    return {
      backup: () => timed(count, () => manager.createBackup({ backupId: last })),
      again: () =>
        timed(CHANGES, async () => {
          last = (await manager.createIncrementalBackup(last)).backupId;
        }),
      restore: () => timedRestore(repository, folders, count),
    };
  };
  return { name: "NADB", open, change: () => apply(store, changes.next(CHANGES)) };
}

function archiver(program, files, folders, count) {
  const changes = new Changes(count);
  const open = async (repository) => {
    await program.prepare?.(repository);
    const backup = (pieces) => () => timed(pieces, () => program.backup(files, repository));
    const again = program.again ? { again: backup(CHANGES) } : {};
    return { backup: backup(count), ...again, restore: () => restore(repository) };
  };
  const restore = async (repository) => {
    const folder = folders.fresh("restored");
    const sample = await timed(count, () => program.restore(repository, folder));
    folders.remove(folder);
    return sample;
  };
  return { name: program.name, open, change: () => applyToFiles(files, changes.next(CHANGES)) };
}

async function rowsOf(subjects, folders, limits) {
  const bytes = {};
  const intoNew = (subject) => () => backedUp(subject, folders, bytes);
  const backups = await measure(byName(subjects, intoNew), limits);
  const kept = [];
  for (const subject of subjects) kept.push(await keep(subject, folders));
  const restores = await measure(
    byName(kept, ({ repository }) => repository.restore),
    limits,
  );
  const growing = kept.filter(({ repository }) => repository.again);
  const agains = growing.length > 1 ? await measure(byName(growing, changed), limits) : {};
  return [
    ...beside("full backup", backups, "samples"),
    ...beside("its bytes in the repository", bytes, "megabytes"),
    ...beside("restore", restores, "samples"),
    ...beside(`backup of ${whole(CHANGES)} changes`, agains, "samples"),
  ];
}

const byName = (subjects, contenderOf) =>
  Object.fromEntries(subjects.map((subject) => [subject.name, contenderOf(subject)]));

/** Into a new repository, of which only the size stays. */
async function backedUp({ name, open }, folders, bytes) {
  const folder = folders.fresh("repository");
  const sample = await (await open(folder)).backup();
  bytes[name] = [bytesIn(folder) / 1e6];
  folders.remove(folder);
  return sample;
}

async function keep(subject, folders) {
  const repository = await subject.open(folders.fresh("repository"));
  await repository.backup();
  return { ...subject, repository };
}

const changed =
  ({ change, repository }) =>
  async () => {
    await change();
    return repository.again();
  };

/** NADB's row beside each of the others; none when there are no others. `measured`: by the names of the subjects. */
function beside(what, { NADB, ...others }, kind) {
  return Object.entries(others).map(([name, measured], i) => ({
    what: i === 0 ? `records as files: ${what}` : "the same",
    [kind]: NADB,
    peer: { name, [kind]: measured },
  }));
}
