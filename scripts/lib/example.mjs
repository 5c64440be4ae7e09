// Tests examples/backend-sqlite as the package of somebody else (consumer.mjs): builds it, runs its tests, then ours of all
// engines with each other, and leaves vitest's reports in .reports/example.json and engines.json. Where its driver can not be had, that report says how many were skipped.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { copy, installConsumer, lockConsumer } from "./consumer.mjs";
import { command, node, root, TaskError } from "./processes.mjs";

const report = join(root, ".reports/example.json");
const enginesReport = join(root, ".reports/engines.json");

/** Its report, and whatever it needs that is not there yet. REQUIRES: the packages are built. */
export function prepareExample() {
  for (const file of [report, enginesReport]) rmSync(file, { force: true });
  return installConsumer();
}

/** `missing` is what prepareExample has answered. Arguments go to vitest. Answers its exit code. */
export async function testExample(missing, args = []) {
  if (missing !== undefined) return skip(missing);
  for (const project of ["tsconfig.build.json", "tsconfig.json"]) await compile(project);
  console.log("examples/backend-sqlite, as a package of somebody else:");
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  const run = ["run", "--maxWorkers=3", ...reporters, ...args]; // as many as our own tests have
  return (await vitest(run, { show: true })).exitCode;
}

/** Our tests of all engines with each other, the example's among them where it can be had. REQUIRES: testExample has built it. */
export async function testEngines(missing) {
  const args = ["run", "--project=engines", `--outputFile.json=${enginesReport}`];
  const env = missing === undefined ? { NADB_SQLITE_EXAMPLE: copy } : {};
  return (await node(command("vitest"), args, { show: true, env })).exitCode;
}

export const lockExample = lockConsumer;

async function compile(project) {
  const tsc = command("typescript", "tsc", copy);
  const { exitCode, output } = await node(tsc, ["-p", project], { cwd: copy });
  if (exitCode !== 0) throw new TaskError(`The example does not compile:\n${output.trimEnd()}`);
}

const vitest = (args, options) =>
  node(command("vitest", "vitest", copy), args, { cwd: copy, ...options });

async function skip(reason) {
  const count = await countTests();
  console.log(`Skipped the tests of examples/backend-sqlite: ${reason}.`);
  const counts = { numPassedTests: 0, numFailedTests: 0, numPendingTests: count, testResults: [] };
  mkdirSync(dirname(report), { recursive: true });
  writeFileSync(report, JSON.stringify(counts));
  return 0;
}

/** Collected, not run. One, where not even that can be done. */
async function countTests() {
  try {
    const { output } = await vitest(["list", "--json"]);
    return JSON.parse(output).length;
  } catch {
    return 1;
  }
}
