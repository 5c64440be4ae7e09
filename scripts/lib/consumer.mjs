// A copy of examples/backend-sqlite outside the workspace, installed by npm as a user's would be: our packages from
// their tarballs, the rest from its lock file. It is kept in .cache, because the SQLite driver may have to be compiled.
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { packAll } from "./packed.mjs";
import { node, npm, readJson, root, seconds, TaskError } from "./processes.mjs";
import { isOffline } from "./setup.mjs";
import { workspacePackages } from "./workspace.mjs";

const source = join(root, "examples/backend-sqlite");
export const copy = join(root, ".cache/examples/backend-sqlite");

const SOURCES = ["src", "test", "tsconfig.json", "tsconfig.build.json", "vitest.config.ts"];
const DRIVER = "better-sqlite3";
const QUIET = ["--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];

/**
 * Leaves the processors to others: the driver may take a minute to compile. REQUIRES: the packages are built. Answers why it
 * can not be had, where that is nobody's fault.
 */
export async function installConsumer() {
  const stamp = dependencyStamp();
  if (readIfThere(join(copy, ".stamp")) !== stamp) startAnew(stamp);
  for (const name of [...SOURCES, "dist"]) {
    rmSync(join(copy, name), { recursive: true, force: true });
  }
  for (const name of SOURCES) cpSync(join(source, name), join(copy, name), { recursive: true });
  return (await installPackages()) ?? (await provideDriver());
}

/** Writes the example's lock file: what it needs beside our packages, which no registry has. */
export async function lockConsumer() {
  const folder = join(root, ".cache/examples/lock");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeManifest(folder, {});
  const args = ["install", "--package-lock-only", "--omit-lockfile-registry-resolved", ...QUIET];
  const { exitCode, output } = await npm(args, { cwd: folder });
  if (exitCode !== 0) throw new TaskError(`Could not lock the example:\n${output.trimEnd()}`);
  cpSync(join(folder, "package-lock.json"), join(source, "package-lock.json"));
}

/** What the packages of others that are installed depend on. */
function dependencyStamp() {
  const { platform, arch, versions } = process;
  const hash = createHash("sha256").update(`${platform} ${arch} ${versions.modules}`);
  for (const file of ["package.json", "package-lock.json"]) {
    hash.update(readFileSync(join(source, file)));
  }
  return hash.digest("hex");
}

function startAnew(stamp) {
  rmSync(copy, { recursive: true, force: true });
  mkdirSync(copy, { recursive: true });
  cpSync(join(source, "package-lock.json"), join(copy, "package-lock.json"));
  writeFileSync(join(copy, ".stamp"), stamp);
}

/** No package runs code meanwhile. */
async function installPackages() {
  const started = Date.now();
  const tarballs = await packAll(join(copy, "tarballs"));
  const installed = JSON.stringify(tarballs);
  if (readIfThere(join(copy, ".installed")) === installed) return undefined;
  rmSync(join(copy, ".installed"), { force: true });
  writeManifest(copy, tarballs);
  const { exitCode, output } = await npm(["install", "--ignore-scripts", ...QUIET], {
    cwd: copy,
    yielding: true,
  });
  if (exitCode !== 0) {
    if (isOffline(output)) return "the package registry does not answer (is this machine offline?)";
    throw new TaskError(`Could not install what the example needs:\n${output.trimEnd()}`);
  }
  writeFileSync(join(copy, ".installed"), installed);
  console.log(`installed the example, our packages as tarballs (${seconds(started)})`);
  return undefined;
}

/** The example's manifest, with our packages from these tarballs only. */
function writeManifest(folder, tarballs) {
  const manifest = readJson(join(source, "package.json"));
  for (const { name } of workspacePackages()) {
    delete manifest.dependencies[name];
    delete manifest.devDependencies[name];
  }
  for (const [name, file] of Object.entries(tarballs)) {
    manifest.devDependencies[name] = `file:tarballs/${file}`;
  }
  writeFileSync(join(folder, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}

/** Lets that one package run its install script: it fetches a prebuilt binary, or else compiles one. */
async function provideDriver() {
  if (await driverWorks()) return undefined;
  const started = Date.now();
  await npm(["rebuild", DRIVER, ...QUIET], { cwd: copy, yielding: true });
  if (!(await driverWorks())) {
    return `${DRIVER} has no prebuilt binary for this machine and could not be compiled (that takes a C++ compiler, make and Python)`;
  }
  console.log(`provided ${DRIVER} (${seconds(started)})`);
  return undefined;
}

async function driverWorks() {
  const { exitCode } = await node("-e", [`new (require("${DRIVER}"))(":memory:")`], { cwd: copy });
  return exitCode === 0;
}

const readIfThere = (file) => (existsSync(file) ? readFileSync(file, "utf8") : undefined);
