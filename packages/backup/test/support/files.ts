// Files of a target, read and changed behind the repository's back.
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { type BackupTarget, readWhole } from "../../src/target.js";

export const readFile = (target: BackupTarget, path: string): Promise<Uint8Array> =>
  readWhole(target, path, Number.MAX_SAFE_INTEGER);

export const writeFile = (
  target: BackupTarget,
  path: string,
  content: Uint8Array | string,
): Promise<void> =>
  target.write(path, [typeof content === "string" ? Buffer.from(content) : content]);

/** Replaces a file by what `change` makes of its bytes. */
export async function patchFile(
  target: BackupTarget,
  path: string,
  change: (bytes: Uint8Array) => Uint8Array,
): Promise<void> {
  await writeFile(target, path, change(await readFile(target, path)));
}

/** The paths of all files, sorted. */
export async function pathsOf(target: BackupTarget, folder = ""): Promise<string[]> {
  const paths: string[] = [];
  for (const { name, type } of await target.list(folder)) {
    const path = folder === "" ? name : `${folder}/${name}`;
    paths.push(...(type === "folder" ? await pathsOf(target, path) : [path]));
  }
  return paths.sort();
}

/** Every file with the hash of its bytes: what must not change. */
export async function snapshotOf(target: BackupTarget): Promise<Record<string, string>> {
  const snapshot: Record<string, string> = {};
  for (const path of await pathsOf(target))
    snapshot[path] = sha256Hex(await readFile(target, path));
  return snapshot;
}

/** As `sha256sum` prints it. */
export const sha256Hex = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Lives as long as the test. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nadb-backup-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export const flipBit = (bytes: Uint8Array, bit: number): Uint8Array => {
  const copy = new Uint8Array(bytes);
  copy[bit >> 3] = (copy[bit >> 3] as number) ^ (1 << (bit & 7));
  return copy;
};
