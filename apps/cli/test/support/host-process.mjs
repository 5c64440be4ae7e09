// A process that runs one command after another, as `nadb` runs one: in a folder, with an environment and a standard
// input of its own. What would keep a process alive after its command is told as a failure.
import { Readable, Writable } from "node:stream";
import { runCommand } from "../../dist/run-command.js";

const PATIENCE = 30_000;

process.on("message", async (request) => {
  try {
    process.send({ run: await run(request) });
  } catch (error) {
    process.send({ error: String(error?.stack ?? error) });
  }
});
process.on("disconnect", () => process.exit());

async function run({ args, cwd, env, input }) {
  const stdout = collector();
  const stderr = collector();
  const terminal = {
    stdin: Readable.from(input.length === 0 ? [] : [Buffer.from(input)]),
    stdout: stdout.stream,
    stderr: stderr.stream,
  };
  process.chdir(cwd);
  Object.assign(process.env, env);
  try {
    const exitCode = await runCommand(args, terminal, new AbortController().signal);
    await nothingAlive();
    return { exitCode, stdout: stdout.bytes(), stderr: stderr.bytes() };
  } finally {
    for (const name of Object.keys(env)) delete process.env[name];
  }
}

function collector() {
  const chunks = [];
  const stream = new Writable({
    write(chunk, _, done) {
      chunks.push(Buffer.from(chunk));
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks) };
}

/** Resolves when nothing keeps this process alive but the pipes to who runs it. */
async function nothingAlive() {
  for (const end = Date.now() + PATIENCE; ; ) {
    const alive = process.getActiveResourcesInfo().filter((name) => name !== "PipeWrap");
    if (alive.length === 0) return;
    if (Date.now() > end) throw new Error(`the command would not end: ${alive.join(", ")}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
