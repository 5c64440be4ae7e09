// How a process talks to its keeper (keeper.mjs): one keeper for each process, started with its first server.
// INVARIANT: a keeper holds its process up only while an answer is awaited.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const PROGRAM = fileURLToPath(new URL("keeper.mjs", import.meta.url));

const waiting = new Map();
let keeper;
let count = 0;

/** A new room of the keeper: answers how to ask for what is to be done in it. */
export function newRoom() {
  const room = ++count;
  return (verb, details = {}) => ask({ ...details, room, verb });
}

function ask(details) {
  keeper ??= startKeeper();
  const request = ++count;
  return new Promise((resolve, reject) => {
    waiting.set(request, { resolve, reject });
    keeper.stdout.ref();
    keeper.stdin.write(`${JSON.stringify({ ...details, request })}\n`);
  });
}

/** In a session of its own: what is sent to our process group does not reach it, it sees us end and cleans up. */
function startKeeper() {
  const options = { detached: true, stdio: ["pipe", "pipe", "inherit"] };
  const program = spawn(process.execPath, [PROGRAM], options);
  createInterface({ input: program.stdout }).on("line", (line) => settle(JSON.parse(line)));
  program.stdin.on("error", () => {}); // told by "close"
  program.once("close", () => giveUp("the keeper of the servers has ended"));
  for (const handle of [program, program.stdin, program.stdout]) handle.unref();
  return program;
}

function settle({ request, error, ...answer }) {
  const { resolve, reject } = waiting.get(request);
  waiting.delete(request);
  if (waiting.size === 0) keeper.stdout.unref();
  if (error === undefined) resolve(answer);
  else reject(new Error(error));
}

function giveUp(reason) {
  keeper = undefined;
  for (const { reject } of waiting.values()) reject(new Error(reason));
  waiting.clear();
}
