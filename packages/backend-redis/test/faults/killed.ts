// Kills programs/loader.mjs at a chosen request of its commit.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished } from "vitest";
import type { Choice, Request, Server, When } from "../servers/index.js";
import { proxyTo } from "./support.js";

const PROGRAM = fileURLToPath(new URL("../programs/loader.mjs", import.meta.url));

export const is =
  (script: { readonly sha: string }) =>
  ({ name, args }: Request): boolean =>
    name === "EVALSHA" && String(args[0]) === script.sha;

/** Its process is dead when this resolves, with its commit interrupted at the request. */
export async function killLoader(
  server: Server,
  args: readonly unknown[],
  when: When,
  at: Choice,
): Promise<void> {
  const proxy = await proxyTo(server);
  const child = spawn(process.execPath, [PROGRAM, server.urlAt(proxy.port), ...args.map(String)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  const lines = linesOf(child);
  expect(await lines.next()).toMatchObject({ value: "loaded" });
  const cut = proxy.cutAt(when, at);
  child.stdin?.write("commit\n");
  const committed = lines.next().then(({ value }) => value);
  if ((await Promise.race([cut, committed])) === "committed") {
    throw new Error("the loader never asked for that: it runs dist, build it from this src");
  }
  proxy.refuse();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

function linesOf(child: ChildProcess): AsyncIterator<string> {
  if (child.stdout === null) throw new Error("it has no output");
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}
