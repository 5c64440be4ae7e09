// From a fresh clone to an installed workspace, with only Node and npm on the machine. Each step is
// skipped when its result is already there, so every task may begin with `setUp()`.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { command, node, npm, readJson, root, seconds, TaskError } from "./processes.mjs";
import { workspacePackages } from "./workspace.mjs";

const pnpmFolder = join(root, "tools/pnpm");
const stampFile = join(root, "node_modules/.setup-stamp");

export async function setUp() {
  await setUpPnpm();
  await installDependencies();
}

export async function setUpPnpm() {
  const manifest = readJson(join(root, "package.json"));
  checkNode(manifest.engines.node);
  await installPnpm(manifest.packageManager);
}

export const pnpm = (args, options) => node(command("pnpm", "pnpm", pnpmFolder), args, options);

function checkNode(range) {
  const [major, minor] = process.versions.node.split(".").map(Number);
  const [wantedMajor, wantedMinor] = range.match(/\d+/g).map(Number);
  if (major > wantedMajor || (major === wantedMajor && minor >= wantedMinor)) return;
  throw new TaskError(`NADB needs Node ${range}; this is Node ${process.versions.node}.`);
}

async function installPnpm(packageManager) {
  const wanted = packageManager.replace("pnpm@", "");
  if (installedPnpm() === wanted) return;
  const started = Date.now();
  const args = ["ci", "--prefix", pnpmFolder, "--no-audit", "--no-fund", "--loglevel=error"];
  const { exitCode, output } = await npm(args);
  if (exitCode !== 0) throw new TaskError(downloadFailure(`pnpm ${wanted}`, output));
  if (installedPnpm() !== wanted) {
    throw new TaskError(
      `tools/pnpm holds pnpm ${installedPnpm()}, package.json asks for ${wanted}.`,
    );
  }
  console.log(`installed pnpm ${wanted} (${seconds(started)})`);
}

function installedPnpm() {
  const manifest = join(pnpmFolder, "node_modules/pnpm/package.json");
  return existsSync(manifest) ? readJson(manifest).version : undefined;
}

async function installDependencies() {
  const stamp = dependencyStamp();
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;
  const started = Date.now();
  const { exitCode, output } = await pnpm(["install", "--frozen-lockfile"]);
  if (exitCode !== 0) throw new TaskError(installFailure(output));
  writeFileSync(stampFile, stamp);
  console.log(`installed the dependencies (${seconds(started)})`);
}

// What an installation depends on. Equal stamps: nothing to install.
function dependencyStamp() {
  const manifests = workspacePackages().map(({ path }) => `${path}/package.json`);
  const files = ["package.json", "pnpm-lock.yaml", "pnpm-workspace.yaml", ...manifests];
  const hash = createHash("sha256").update(`${process.platform} ${process.arch}`);
  for (const file of files) hash.update(`\n${file}\n`).update(readFileSync(join(root, file)));
  return hash.digest("hex");
}

function installFailure(output) {
  if (output.includes("ERR_PNPM_OUTDATED_LOCKFILE")) {
    return "pnpm-lock.yaml does not match the manifests: run `npm run pnpm install`, commit the result.";
  }
  return downloadFailure("the dependencies", output);
}

function downloadFailure(what, output) {
  if (isOffline(output)) {
    return `Could not download ${what}: the package registry does not answer (is this machine offline?).`;
  }
  return `Could not install ${what}:\n${output.trimEnd()}`;
}

/** Does a package manager say so that it reaches no registry? */
export const isOffline = (output) =>
  /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|META_FETCH_FAIL/.test(output);
