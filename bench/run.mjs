// The benchmarks: `npm run bench` at the root, or `node bench/run.mjs` once the packages are built.
// A benchmark is no test: a missed goal is printed, the exit code stays 0.
import { writeFileSync } from "node:fs";
import { loadavg } from "node:os";
import { cases } from "./cases/index.mjs";
import { peerCases } from "./cases/peers/index.mjs";
import { contestTable } from "./contest-report.mjs";
import { Filled } from "./filled.mjs";
import { Folders } from "./folders.mjs";
import { describe, machine } from "./machine.mjs";
import { readOptions, USAGE } from "./options.mjs";
import { Peers } from "./peers/peers.mjs";
import { table } from "./report.mjs";

const MOST_ROUNDS = 3;

async function main(args) {
  const options = readOptions(args);
  if (options.help) return console.log(USAGE);
  const on = machine();
  const bench = { ...options, folders: new Folders(), note };
  const some = chosen(options.only);
  const rows = await runRows(some, bench);
  const contests = await runContests(some, bench);
  note("");
  console.log(describe(on));
  console.log(`load ${on.loadAtStart.toFixed(1)} before and ${loadavg()[0].toFixed(1)} after`);
  if (rows.length > 0) console.log(`${aboutRows(options)}\n\n${table(rows)}`);
  if (contests.length > 0) console.log(`${aboutContests(options)}\n\n${contestTable(contests)}`);
  if (options.json)
    writeFileSync(options.json, JSON.stringify({ machine: on, options, rows, contests }, null, 1));
}

function chosen(only) {
  const all = [...cases, ...peerCases];
  if (only.length === 0) return all;
  const some = all.filter(({ name }) => only.some((start) => name.startsWith(start)));
  if (some.length > 0) return some;
  throw new TypeError(`--only takes the beginning of ${all.map(({ name }) => name).join(", ")}`);
}

async function runRows(some, bench) {
  const filled = new Filled(bench);
  const rows = await runCases(
    some.filter((one) => cases.includes(one)),
    { ...bench, filled },
  );
  await filled.close();
  return rows;
}

async function runContests(some, bench) {
  const peers = new Peers(bench);
  const contests = await runCases(
    some.filter((one) => peerCases.includes(one)),
    { ...bench, peers, ...limitsOf(bench) },
  );
  await peers.close();
  return contests;
}

/** Rounds of a contest, and when a sample ends at the latest. */
const limitsOf = ({ quick, runs }) =>
  quick ? { rounds: 1, seconds: 0.05 } : { rounds: Math.min(runs, MOST_ROUNDS), seconds: 0.5 };

const aboutRows = ({ records, runs }) =>
  `${records.toLocaleString("en-US")} records of 100 bytes with two tags, medians of ${runs} runs`;

const aboutContests = (options) =>
  `\nstores beside each other, medians of ${limitsOf(options).rounds} rounds; "first is": the rate (or size) of the first ` +
  "line as a share of this one's";

/** A case that fails is told of and left out; the others still count. Answers what the cases answer, joined. */
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
