// Loads every file that a package's manifest offers, as a user of ESM and as a user of CommonJS:
// both must load and export the same names, and so must the variants (`node`, `default`) of each
// `#name` of the `imports` map, since any of them may be the one that runs.
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { workspacePackages } from "./lib/workspace.mjs";

const require = createRequire(import.meta.url);
const checked = await Promise.all(workspacePackages().flatMap(entries).map(check));
const problems = checked.filter((problem) => problem !== undefined);

for (const problem of problems) console.log(problem);
console.log(`${checked.length} entries loaded, ${problems.length} problems`);
process.exitCode = problems.length === 0 && checked.length > 0 ? 0 : 1;

function entries({ name, folder, manifest }) {
  const offered = { ...manifest.exports, ...manifest.imports };
  return Object.entries(offered)
    .map(([entry, target]) => ({
      title: `${name} ${entry}`,
      files: codeFiles(target).map((file) => join(folder, file)),
    }))
    .filter(({ files }) => files.length > 0); // "./package.json" offers no code
}

/** The JavaScript files in a target of `exports` or `imports`, whatever its conditions. */
function codeFiles(target) {
  if (typeof target === "object") return Object.values(target).flatMap(codeFiles);
  return /\.c?js$/.test(target) ? [target] : [];
}

async function check({ title, files }) {
  try {
    const names = new Set(await Promise.all(files.map(exportedNames)));
    return names.size <= 1 ? undefined : `${title}: exports differ: ${[...names].join(" | ")}`;
  } catch (error) {
    return `${title}: ${error.message}`;
  }
}

async function exportedNames(file) {
  const module = file.endsWith(".cjs") ? require(file) : await import(pathToFileURL(file).href);
  return Object.keys(module).sort().join(", ");
}
