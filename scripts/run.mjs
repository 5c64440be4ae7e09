// The tasks of this workspace: `node scripts/run.mjs <task> [arguments]`, or `npm run <task>`.
// Every task first sees to it that the workspace is installed.
import { rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "./lib/build.mjs";
import { lockExample, prepareExample, testEngines, testExample } from "./lib/example.mjs";
import { lint } from "./lib/lint.mjs";
import { command, node, root, TaskError } from "./lib/processes.mjs";
import { setUpRedis } from "./lib/redis.mjs";
import { pnpm, setUp, setUpPnpm } from "./lib/setup.mjs";

const tasks = {
  build,
  lint,
  typecheck: () => lint(["typecheck"]),
  test: async (args) => {
    await setUpRedis();
    await build();
    rmSync(join(root, ".reports/tests.json"), { force: true });
    if (args.length > 0) return show(command("vitest"), ["run", ...args]); // they choose among our own
    const tests = show(command("vitest"), ["run", "--project=!engines"]);
    const [exitCode, missing] = await Promise.all([tests, prepareExample()]);
    const others = [await testExample(missing), await testEngines(missing)];
    return [exitCode, ...others].find((code) => code !== 0);
  },
  example: async (args) => {
    if (args[0] === "--lock") return lockExample();
    await build();
    return testExample(await prepareExample(), args);
  },
  quickstart: async (args) => {
    await build();
    return show("scripts/quickstart.mjs", args);
  },
  bench: async (args) => {
    await setUpRedis();
    await build();
    return show("bench/run.mjs", args);
  },
  format: (args) => show(command("@biomejs/biome"), ["check", "--write", ...args]),
  changeset: (args) => show(command("@changesets/cli", "changeset"), args),
  pnpm: async (args) => (await pnpm(args, { show: true })).exitCode,
};

async function main([name = "", ...args]) {
  if (!Object.hasOwn(tasks, name)) {
    throw new TaskError(`Ask for one of these tasks: ${Object.keys(tasks).join(", ")}.`);
  }
  await (name === "pnpm" ? setUpPnpm() : setUp());
  return tasks[name](args);
}

async function show(file, args) {
  const { exitCode } = await node(file, args, { show: true });
  return exitCode;
}

try {
  process.exitCode = (await main(process.argv.slice(2))) ?? 0;
} catch (error) {
  if (!(error instanceof TaskError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
