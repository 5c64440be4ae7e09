// The benchmarks: `npm run bench` at the root, or `node bench/run.mjs` once the packages are built.
// A benchmark is no test: a missed goal is printed, the exit code stays 0.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { cases } from "./cases/index.mjs";
import { Filled } from "./filled.mjs";
import { Folders } from "./folders.mjs";
import { describe, machine } from "./machine.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { table } from "./report.mjs";

async function main(args) {
  const options = readOptions(args);
  if (options.help) return console.log(USAGE);
  const on = machine();
  const bench = { ...options, folders: new Folders(), note };
  bench.filled = new Filled(bench);
  const rows = await runCases(chosen(options.only), bench);
  await bench.filled.close();
  note("");
  console.log(describe(on));
  console.log(
    `${options.records.toLocaleString("en-US")} records of 100 bytes with two tags, medians of ${options.runs} runs, ` +
      `load ${on.loadAtStart.toFixed(1)} before and ${loadavg()[0].toFixed(1)} after\n`,
  );
  console.log(table(rows));
  if (options.json)
    writeFileSync(options.json, JSON.stringify({ machine: on, options, rows }, null, 1));
}

function chosen(only) {
  if (only.length === 0) return cases;
  const some = cases.filter(({ name }) => only.some((start) => name.startsWith(start)));
  if (some.length > 0) return some;
  throw new TypeError(`--only takes the beginning of ${cases.map(({ name }) => name).join(", ")}`);
}

/** A case that fails is told of and left out; the others still count. */
async function runCases(some, bench) {
  const rows = [];
  for (const { name, run } of some) {
    try {
      rows.push(...(await run({ ...bench, note: (text) => note(`${name}: ${text}`) })));
    } catch (error) {
      console.error(`the case ${name} failed:`, error);
    }
  }
  return rows;
}

/** One line of progress, on a terminal only. */
function note(text) {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${USAGE}`);
}
