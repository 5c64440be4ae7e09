// Child processes and files, as the other scripts need them.
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants, setPriority } from "node:os";
import { basename, delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A failure whose message is all that the reader needs: printed without a stack. */
export class TaskError extends Error {}

export const readJson = (path) => JSON.parse(readFileSync(path, "utf8"));
export const seconds = (since) => `${((Date.now() - since) / 1000).toFixed(1)} s`;

/**
 * Runs a program and resolves with its exit code and what it printed, standard output and standard
 * error together. With `show` it prints to our terminal instead, and the output is empty; with `yielding` it leaves the
 * processors to others that want them.
 */
export function run(program, args, options = {}) {
  const { cwd = root, show = false, shell = false, yielding = false, env = {} } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      cwd,
      shell,
      env: { ...environment(), ...(show ? {} : plain), ...env },
      stdio: show ? "inherit" : ["ignore", "pipe", "pipe"],
    });
    if (yielding && child.pid) setPriority(child.pid, constants.priority.PRIORITY_BELOW_NORMAL);
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding("utf8").on("data", (text) => {
        output += text;
      });
    }
    child.on("error", reject);
    child.on("close", (exitCode) => resolve({ exitCode: exitCode ?? 1, output }));
  });
}

export const node = (file, args = [], options = {}) =>
  run(process.execPath, [file, ...args], options);

export const npm = (args, options = {}) =>
  run("npm", args, { ...options, shell: process.platform === "win32" });

/** The file behind the command `name` of a package installed in `folder`. */
export function command(packageName, name = basename(packageName), folder = root) {
  const home = join(folder, "node_modules", packageName);
  const { bin } = readJson(join(home, "package.json"));
  return join(home, typeof bin === "string" ? bin : bin[name]);
}

// What we capture is read by us or printed indented: no colours.
const plain = { NO_COLOR: "1", FORCE_COLOR: undefined };

// turbo and the scripts of the packages look for `pnpm` and the tools on PATH.
function environment() {
  const folders = [join(root, "tools/pnpm/node_modules/.bin"), join(root, "node_modules/.bin")];
  return {
    ...process.env,
    PATH: [...folders, process.env.PATH].join(delimiter),
    DO_NOT_TRACK: "1",
    TURBO_TELEMETRY_DISABLED: "1",
  };
}
