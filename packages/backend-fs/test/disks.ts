// Small disks of a test's own, which can be filled to the last block. Mounting one takes the powers of root.
import { spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, rmdirSync, truncateSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

/** Why there are no small disks here; undefined when there are. */
export const noDisks: string | undefined = whyNoDisks();

/** A folder on a disk of its own of 8 MiB, unmounted when the test is over. */
export function smallDisk(): Disk {
  const folder = mkdtempSync(join(tmpdir(), "nadb-disk-"));
  const refusal = mount(folder);
  onTestFinished(() => unmount(folder)); // what stands on it is gone with it
  if (refusal !== undefined) throw new Error(refusal);
  return new Disk(folder);
}

export class Disk {
  readonly #ballast: string;

  constructor(readonly folder: string) {
    this.#ballast = join(folder, "ballast");
  }

  fill(): void {
    const file = openSync(this.#ballast, "a");
    try {
      for (;;) writeSync(file, Buffer.alloc(4_096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    } finally {
      closeSync(file);
    }
  }

  makeRoom(): void {
    truncateSync(this.#ballast);
  }

  makeReadOnly(): void {
    const { status, stderr } = spawnSync("mount", ["-o", "remount,ro", this.folder]);
    if (status !== 0) throw new Error(`${stderr}`);
  }
}

/** Answers why it can not be. */
function mount(folder: string): string | undefined {
  const { error, status, stderr } = spawnSync("mount", [
    "-t",
    "tmpfs",
    "-o",
    "size=8m",
    "tmpfs",
    folder,
  ]);
  return status === 0 ? undefined : (error?.message ?? `${stderr}`.trim());
}

/** Removes the folder itself, which must be empty then. */
function unmount(folder: string): void {
  spawnSync("umount", ["-l", folder]);
  rmdirSync(folder);
}

function whyNoDisks(): string | undefined {
  if (process.platform !== "linux") return "only Linux has tmpfs";
  const folder = mkdtempSync(join(tmpdir(), "nadb-disk-"));
  const refusal = mount(folder);
  if (refusal === undefined) unmount(folder);
  else rmdirSync(folder);
  return refusal;
}
