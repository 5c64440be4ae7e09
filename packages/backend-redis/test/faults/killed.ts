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
  expect(await line(child)).toBe("loaded");
  const cut = proxy.cutAt(when, at);
  child.stdin?.write("commit\n");
  await cut;
  proxy.refuse();
  const ended = once(child, "exit");
  child.kill("SIGKILL");
  await ended;
}

async function line(child: ChildProcess): Promise<string> {
  if (child.stdout === null) throw new Error("it has no output");
  const lines = createInterface({ input: child.stdout });
  const [text] = await once(lines, "line");
  return text as string;
}
