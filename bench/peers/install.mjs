// Installs the peers beside this file, when a contest first asks for them, exactly as their lock file says.
// They are no part of the workspace: an install of NADB compiles none of them.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));
const STAMP = here("node_modules/.nadb-bench");
const INSTALL = ["ci", "--no-audit", "--no-fund", "--no-progress", "--loglevel=error"];

/** Answers a line of why it failed. A peer that can not be built does not fail it: all of them are optional. */
export function installPeers() {
  const stamp = stampOf();
  if (readIfThere(STAMP) === stamp) return undefined;
  console.error("installing the peers of the benchmark (about a minute, SQLite may be compiled)");
  const { status, stderr, error } = spawnSync("npm", INSTALL, {
    cwd: here("."),
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (status !== 0) return firstLine(error?.message ?? stderr);
  writeFileSync(STAMP, stamp);
  return undefined;
}

function stampOf() {
  const { platform, arch, versions } = process;
  const hash = createHash("sha256").update(`${platform} ${arch} ${versions.modules}`);
  for (const name of ["package.json", "package-lock.json"]) hash.update(readFileSync(here(name)));
  return hash.digest("hex");
}

function readIfThere(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return undefined;
  }
}

export const firstLine = (text) => text.trim().split("\n")[0];
