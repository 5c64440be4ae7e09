// Programs that back up files, as contenders beside NADB, where they are on the machine. A program:
//
//   name                         as the table calls it
//   again                        whether a second backup into the same repository takes only what has changed
//   prepare?(repository)         makes the repository
//   backup(files, repository)    backs a folder up, durable when it resolves
//   restore(repository, folder)  what was backed up last, into an empty folder
import { execFile } from "node:child_process";
import { readdirSync, statSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";

/** Without the settings of whoever runs this: no repository of theirs is touched. */
const ENVIRONMENT = {
  ...Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !name.startsWith("RESTIC_")),
  ),
  RESTIC_PASSWORD: "nadb-bench",
};
const MOST_OUTPUT_BYTES = 1 << 26;

const call = (program, ...args) =>
  promisify(execFile)(program, args, { env: ENVIRONMENT, maxBuffer: MOST_OUTPUT_BYTES });

const archiveIn = (repository) => join(repository, "archive.tar.gz");

const tar = {
  name: "tar, gzip -1",
  again: false,
  backup: async (files, repository) => {
    const line = 'tar -cf - -C "$1" . | gzip -1 > "$2"';
    await call("sh", "-c", line, "sh", files, archiveIn(repository));
    await flush(archiveIn(repository));
  },
  restore: (repository, folder) => call("tar", "-xzf", archiveIn(repository), "-C", folder),
};

const restic = {
  name: "restic",
  again: true,
  prepare: (repository) => call("restic", ...of(repository), "init"),
  backup: (files, repository) => call("restic", ...of(repository), "backup", files),
  restore: (repository, folder) =>
    call("restic", ...of(repository), "restore", "latest", "--target", folder),
};

const of = (repository) => ["--repo", repository, "--no-cache", "--quiet"];

/** Those of which a rehearsal with one file succeeds. Each of the others is told of in one line. */
export async function availableArchivers(folders) {
  const available = [];
  for (const archiver of [tar, restic])
    if (await rehearse(archiver, folders)) available.push(archiver);
  return available;
}

async function rehearse(archiver, folders) {
  const [files, repository] = [folders.fresh("files"), folders.fresh("repository")];
  const restored = folders.fresh("restored");
  try {
    writeFileSync(join(files, "one"), "rehearsal");
    await archiver.prepare?.(repository);
    await archiver.backup(files, repository);
    await archiver.restore(repository, restored);
    if (bytesIn(restored) !== bytesIn(files))
      throw new Error("it did not restore what it backed up");
    return true;
  } catch (error) {
    console.error(`left out, ${archiver.name}: ${error.message.split("\n")[0]}`);
    return false;
  }
}

async function flush(path) {
  const file = await open(path, "r+");
  await file.sync();
  await file.close();
}

/** The lengths of all files in a folder. */
export function bytesIn(folder) {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (sum, { parentPath, path, name }) => sum + statSync(join(parentPath ?? path, name)).size,
      0,
    );
}
