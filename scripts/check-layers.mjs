// Holds the import law of .dependency-cruiser.cjs. A cruise that did not see every source file of
// every package proves nothing, so that fails too.
import { join } from "node:path";
import { command, node } from "./lib/processes.mjs";
import { filesUnder, workspacePackages } from "./lib/workspace.mjs";

const args = ["packages", "apps", "--config", ".dependency-cruiser.cjs", "--output-type", "json"];
const cruise = await node(command("dependency-cruiser", "depcruise"), args);
const { modules, summary } = parse(cruise.output);
const seen = new Set(modules.map(({ source }) => source));
const problems = [...workspacePackages().flatMap(unseen), ...summary.violations.map(violation)];

for (const problem of problems) console.log(problem);
console.log(`${seen.size} modules, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;

function unseen({ path, folder }) {
  const files = filesUnder(join(folder, "src"), /\.ts$/).map((file) => `${path}/src/${file}`);
  if (files.length === 0) return [`${path} has no source files`];
  return files.filter((file) => !seen.has(file)).map((file) => `${file} was not looked at`);
}

function violation({ rule, from, to, cycle = [] }) {
  const path = cycle.length > 0 ? cycle.map(({ name }) => name).join(" → ") : to;
  return `${rule.name}: ${from} → ${path}`;
}

function parse(output) {
  try {
    return JSON.parse(output);
  } catch {
    throw new Error(`dependency-cruiser did not answer in JSON:\n${output}`);
  }
}
