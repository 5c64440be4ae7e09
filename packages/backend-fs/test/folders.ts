// Folders of a test's own, and what is in them.
import { createHash } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, statSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { KeyValueStore } from "@nadb/core";
import { onTestFinished } from "vitest";
import { fsBackend } from "../src/index.js";

/** A new, empty folder, gone when the test is over. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nadb-fs-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** The store in a folder, closed when the test is over. */
export async function openStore(path: string, create = true): Promise<KeyValueStore> {
  const store = await KeyValueStore.open({ backend: fsBackend({ path, create }) });
  onTestFinished(() => store.close());
  return store;
}

/** A folder with a store in it of `count` records, closed. */
export async function filledFolder(count: number): Promise<string> {
  const folder = newFolder();
  const store = await openStore(folder);
  const entries = Array.from({ length: count }, (_, i) => ({
    key: `key${i}`,
    value: `value ${i}`,
    tags: ["all"],
  }));
  await store.setMany(entries);
  await store.close();
  return folder;
}

export const sizeOf = (folder: string): number => statSync(join(folder, "data.mdb")).size;

/** Every file of a folder with the hash of its content. */
export function contentOf(folder: string): Record<string, string> {
  const hash = (file: string): string =>
    createHash("sha256")
      .update(readFileSync(join(folder, file)))
      .digest("hex");
  return Object.fromEntries(readdirSync(folder).map((file) => [file, hash(file)]));
}
