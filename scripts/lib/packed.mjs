// Our packages as they would be published: tarballs, named by what is in them, so that a changed package is another
// file and an unchanged one need not be packed again.
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { TaskError } from "./processes.mjs";
import { pnpm } from "./setup.mjs";
import { filesUnder, workspacePackages } from "./workspace.mjs";

/** REQUIRES: the packages are built. Leaves exactly their tarballs in `folder`; answers their file names by package. */
export async function packAll(folder) {
  mkdirSync(folder, { recursive: true });
  const packages = workspacePackages();
  const tarballs = Object.fromEntries(packages.map((one) => [one.name, tarballName(one)]));
  const present = new Set(readdirSync(folder));
  const missing = packages.filter(({ name }) => !present.has(tarballs[name]));
  await Promise.all(missing.map((one) => pack(one.folder, join(folder, tarballs[one.name]))));
  const stale = [...present].filter((file) => !Object.values(tarballs).includes(file));
  for (const file of stale) rmSync(join(folder, file));
  return tarballs;
}

function tarballName({ name, folder }) {
  const hash = createHash("sha256");
  for (const file of ["package.json", ...distFiles(folder)]) {
    hash.update(`\n${file}\n`).update(readFileSync(join(folder, file)));
  }
  return `${name.replace("@", "").replace("/", "-")}-${hash.digest("hex").slice(0, 12)}.tgz`;
}

const distFiles = (folder) =>
  filesUnder(join(folder, "dist"), /\.[a-z]+$/)
    .map((file) => join("dist", file))
    .sort();

async function pack(cwd, file) {
  const { exitCode, output } = await pnpm(["pack", "--out", file], { cwd });
  if (exitCode !== 0) throw new TaskError(`Could not pack ${cwd}:\n${output.trimEnd()}`);
}
