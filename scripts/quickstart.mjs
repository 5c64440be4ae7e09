// From real files to a proven backup, with nothing but the command `nadb`: import, back up, damage the
// store, verify, restore into a new store, export, compare every byte. `--keep` leaves the folder there.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { root, seconds, TaskError } from "./lib/processes.mjs";
import { copyFiles, differences, filesOf } from "./lib/trees.mjs";

const PROGRAM = join(root, "apps/cli/dist/nadb.js");
/** Leaves out the native programs among the dependencies: half the weight, few files. */
const MAX_FILE_BYTES = 10_000_000;
const MIN_FILES = 3_000;
/** Of the records, every so many are changed, and as many deleted. */
const EVERY = 40;

async function quickstart(folder) {
  const at = (name) => join(folder, name);
  const nadb = (...args) => runNadb(folder, args);

  const source = await step("source", async () => {
    const copied = await copyFiles(join(root, "node_modules"), at("source"), {
      maxBytes: MAX_FILE_BYTES,
    });
    expect(
      copied.count >= MIN_FILES,
      `node_modules holds only ${copied.count} files: is it installed?`,
    );
    return [copied, `${size(copied)}: what the installation brought into node_modules`];
  });

  const before = await step("import", async () => {
    const imported = await nadb("import", "source");
    expect(
      imported.count === source.count,
      `${imported.count} of ${source.count} files were imported`,
    );
    return [await nadb("stats"), `${size(imported)} into the store ./data`];
  });

  await step("backup", async () => {
    const info = await nadb("backup", "create", "first");
    expect(info.stateDigest === before.digest, "the backup is not of the state that was imported");
    const stored = megabytes(info.storedSize);
    return [
      info,
      `${info.backupType} backup of ${count(info.recordCount)} records, ${stored} in ./backups`,
    ];
  });

  const harm = await step("change", async () => {
    const harm = await harmStore(folder, nadb);
    const after = await nadb("stats");
    expect(after.count === source.count - harm.deleted, "the deletes are not in the store");
    expect(after.digest !== before.digest, "the changes are not in the store");
    return [
      harm,
      `${count(harm.changed)} records changed and ${count(harm.deleted)} deleted in the store`,
    ];
  });

  await step("verify", async () => {
    const { ok, recordCount } = await nadb("backup", "verify", "first");
    expect(ok, "the backup is damaged");
    return [ok, `sound: ${count(recordCount)} records read back and proven`];
  });

  await step("restore", async () => {
    const { head } = await nadb("backup", "restore", "first", "--store", "fs:./restored");
    expect(head.digest === before.digest, "the restored state is not the state that was backed up");
    return [
      head,
      `${size(head)} into the new store ./restored, state digest ${head.digest.slice(0, 12)}…`,
    ];
  });

  await step("export", async () => {
    const exported = await nadb("export", "exported", "--store", "fs:./restored");
    return [exported, `${size(exported)} into ./exported`];
  });

  await step("compare", async () => {
    const found = await differences(at("source"), at("exported"));
    expect(
      found.length === 0,
      `the export differs from the source: ${found.slice(0, 5).join("; ")}`,
    );
    return [found, `${size(source)}, no difference`];
  });

  console.log(
    `\nProven: ${size(source)}, came back from the backup byte for byte, ` +
      `although ${count(harm.changed + harm.deleted)} of them had been changed or deleted in the store since.`,
  );
}

/** Changes some records, by importing altered files, and deletes others. */
async function harmStore(folder, nadb) {
  const files = await filesOf(join(folder, "source"));
  const changed = files.filter((_, index) => index % EVERY === 0);
  const deleted = files.filter((_, index) => index % EVERY === 1);
  for (const file of changed) {
    const altered = join(folder, "altered", file);
    await mkdir(dirname(altered), { recursive: true });
    await writeFile(altered, `${await readFile(join(folder, "source", file))}\nchanged\n`);
  }
  await nadb("import", "altered");
  await nadb("delete", "--", ...deleted);
  return { changed: changed.length, deleted: deleted.length };
}

/** Runs one part and prints what it answers, as one line. */
async function step(name, work) {
  const started = Date.now();
  const [result, told] = await work();
  console.log(`${name.padEnd(8)} ${seconds(started).padStart(7)}  ${told}`);
  return result;
}

/** Runs the command in `folder`; answers the JSON document it prints. */
async function runNadb(folder, args) {
  const { NADB_STORE: _, NADB_REPO: __, NADB_PLUGINS: ___, ...env } = process.env;
  try {
    const options = { cwd: folder, env, maxBuffer: Number.POSITIVE_INFINITY };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      [PROGRAM, "--json", ...args],
      options,
    );
    return JSON.parse(stdout);
  } catch (error) {
    throw new TaskError(
      `nadb ${args.slice(0, 3).join(" ")} failed: ${error.stderr || error.message}`,
    );
  }
}

function expect(holds, otherwise) {
  if (!holds) throw new TaskError(otherwise);
}

const count = (number) => number.toLocaleString("en-US");
const megabytes = (bytes) => `${(bytes / 1e6).toFixed(1)} MB`;
const size = (tree) => `${count(tree.count)} files, ${megabytes(tree.bytes)}`;

const started = Date.now();
const keep = process.argv.includes("--keep");
const folder = await mkdtemp(join(tmpdir(), "nadb-quickstart-"));
try {
  await quickstart(folder);
} catch (error) {
  if (!(error instanceof TaskError)) throw error;
  console.error(`\nNot proven: ${error.message}`);
  process.exitCode = 1;
} finally {
  if (keep) console.log(`Kept: ${folder}`);
  else await rm(folder, { recursive: true, force: true });
  console.log(`${seconds(started)} in all`);
}
