// Adds up .reports/tests.json and .reports/lint.json: `node scripts/tally.mjs <exit code of test>
// <exit code of lint>`. INVARIANT: a step that failed, or left no report, counts at least one failure.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readJson, root } from "./lib/processes.mjs";

const [testExitCode, lintExitCode] = process.argv.slice(2).map(Number);
const steps = [
  tallyOf("tests", testExitCode, ({ numPassedTests, numFailedTests, testResults }) => ({
    passed: numPassedTests,
    failed: numFailedTests + testResults.filter(brokeBeforeItsTests).length,
  })),
  tallyOf("lint", lintExitCode, ({ passed, failed }) => ({ passed, failed })),
];
const sum = (key) => steps.reduce((total, step) => total + step[key], 0);

process.exitCode = sum("failed") === 0 ? 0 : 1;
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);

function tallyOf(name, exitCode, count) {
  const file = join(root, `.reports/${name}.json`);
  if (!existsSync(file)) return oneFailure(`${name}: no report was written`);
  const { passed, failed } = count(readJson(file));
  if (failed > 0) return { passed, failed };
  if (exitCode !== 0) return oneFailure(`${name}: exit code ${exitCode}`, passed);
  return passed > 0 ? { passed, failed } : oneFailure(`${name}: nothing ran`);
}

function oneFailure(reason, passed = 0) {
  console.log(reason);
  return { passed, failed: 1 };
}

// A test file that could not be loaded, or whose hooks failed, has failed without a failed test.
function brokeBeforeItsTests({ status, assertionResults }) {
  return status === "failed" && assertionResults.every((test) => test.status !== "failed");
}
