// Runs every linter, each as a named check with one line of result, and writes the tally to
// .reports/lint.json. Arguments choose checks by the beginning of their name.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { command, node, root, seconds, TaskError } from "./processes.mjs";
import { workspacePackages } from "./workspace.mjs";

const reportFile = join(root, ".reports/lint.json");

export async function lint(names = []) {
  rmSync(reportFile, { force: true });
  const checks = allChecks().filter(({ name }) => isChosen(name, names));
  if (checks.length === 0) throw new TaskError(`No check is called ${names.join(" or ")}.`);
  await build();
  const failed = await runAll(checks);
  const tally = { passed: checks.length - failed.length, failed: failed.length };
  mkdirSync(join(root, ".reports"), { recursive: true });
  writeFileSync(reportFile, JSON.stringify({ ...tally, failures: failed }));
  console.log(`lint: ${tally.passed} checks passed, ${tally.failed} failed`);
  return tally.failed === 0 ? 0 : 1;
}

function allChecks() {
  return [
    {
      name: "biome",
      file: command("@biomejs/biome"),
      args: ["ci", "--error-on-warnings", "--colors=off"],
    },
    { name: "layers", file: join(root, "scripts/check-layers.mjs") },
    { name: "entries", file: join(root, "scripts/check-entries.mjs") },
    { name: "typecheck tooling", file: command("typescript", "tsc"), args: ["--noEmit"] },
    ...workspacePackages().flatMap(packageChecks),
  ];
}

function packageChecks({ name, folder: cwd, manifest }) {
  const checks = [
    { name: `typecheck ${name}`, file: command("typescript", "tsc"), args: ["--noEmit"], cwd },
    { name: `publint ${name}`, file: command("publint"), args: ["--strict"], cwd },
  ];
  if (manifest.types !== undefined) {
    const args = ["--pack", ".", "--no-emoji"];
    checks.push({
      name: `attw ${name}`,
      file: command("@arethetypeswrong/cli", "attw"),
      args,
      cwd,
    });
  }
  return checks;
}

const isChosen = (name, prefixes) =>
  prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));

/** Resolves with the names of the checks that failed. */
async function runAll(checks) {
  const waiting = [...checks];
  const failed = [];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      if (!(await passes(check))) failed.push(check.name);
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, worker));
  return failed;
}

async function passes({ name, file, args = [], cwd = root }) {
  const started = Date.now();
  const { exitCode, output } = await node(file, args, { cwd });
  console.log(`${exitCode === 0 ? "pass" : "FAIL"}  ${name} (${seconds(started)})`);
  if (exitCode !== 0) console.log(output.trimEnd().replace(/^/gm, "      "));
  return exitCode === 0;
}
