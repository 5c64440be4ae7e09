// Adds up the reports in .reports (tests, example, engines, lint): `node scripts/tally.mjs <exit code of test>
// <exit code of lint>`. INVARIANT: a step that failed, or left no report, counts at least one failure.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "./lib/processes.mjs";

const [testExitCode, lintExitCode] = process.argv.slice(2).map(Number);
const steps = [
  tallyOf(["tests", "example", "engines"], testExitCode, (report) => ({
    passed: report.numPassedTests,
    failed: report.numFailedTests + report.testResults.filter(brokeBeforeItsTests).length,
    skipped: report.numPendingTests,
  })),
  tallyOf(["lint"], lintExitCode, ({ passed, failed }) => ({ passed, failed, skipped: 0 })),
];
const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((key) => sum(steps, key));

process.exitCode = failed === 0 ? 0 : 1;
console.log(`${passed} passed, ${failed} failed${skipped === 0 ? "" : `, ${skipped} skipped`}`);

function tallyOf(names, exitCode, count) {
  const counts = names.map((name) => countsOf(name, count));
  const [passed, failed, skipped] = ["passed", "failed", "skipped"].map((key) => sum(counts, key));
  if (failed > 0 || (exitCode === 0 && passed > 0)) return { passed, failed, skipped };
  const reason = exitCode === 0 ? "nothing ran" : `exit code ${exitCode}`;
  return { ...oneFailure(`${names.join(", ")}: ${reason}`), passed, skipped };
}

function countsOf(name, count) {
  const file = join(root, `.reports/${name}.json`);
  return existsSync(file) ? count(readJson(file)) : oneFailure(`${name}: no report was written`);
}

function oneFailure(reason) {
  console.log(reason);
  return { passed: 0, failed: 1, skipped: 0 };
}

function sum(counts, key) {
  return counts.reduce((total, one) => total + one[key], 0);
}

// A test file that could not be loaded, or whose hooks failed, has failed without a failed test.
function brokeBeforeItsTests({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}
