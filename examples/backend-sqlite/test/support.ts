// Folders, stores and programs of a test's own, gone when it is over.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { KeyValueStore } from "@nadb/core";
import { expect, onTestFinished } from "vitest";
import { sqliteBackend } from "../src/index.js";

export const root = fileURLToPath(new URL("..", import.meta.url));

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nadb-sqlite-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export async function openStore(path: string, create = true): Promise<KeyValueStore> {
  const store = await KeyValueStore.open({ backend: sqliteBackend({ path, create }) });
  onTestFinished(() => store.close());
  return store;
}

/** Rejects with this code, and the message names the file. */
export async function refuses(code: string, path: string, create = true): Promise<void> {
  const message = expect.stringContaining(path);
  await expect(openStore(path, create)).rejects.toMatchObject({ name: "NadbError", code, message });
}

/** A process that commits `count` records to the store, one by one, and prints each key once it is durable. */
export function startWriter(path: string, name: string, count: number): ChildProcess {
  const args = [join(root, "test/writer.mjs"), path, name, String(count)];
  const writer = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  onTestFinished(() => void writer.kill("SIGKILL"));
  return writer;
}

/** The keys that it prints until it ends, by itself or because `onKey` ends it. */
export async function keysOf(
  writer: ChildProcess,
  onKey = (_: number): void => {},
): Promise<string[]> {
  let text = "";
  writer.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    text += chunk;
    onKey(text.split("\n").length - 1);
  });
  await once(writer, "close");
  return text.split("\n").slice(0, -1); // what follows the last line end was not printed whole
}
