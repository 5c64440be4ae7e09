// A small disk of a test's own, which can be filled and can go away. Mounting one takes the powers of root.
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdtempSync, rmdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";

export class SmallDisk {
  private constructor(readonly folder: string) {}

  /** On a folder of its own; unmounted when the test is over, and then that folder must be empty. */
  static mount(): SmallDisk {
    const disk = new SmallDisk(mkdtempSync(join(tmpdir(), "nadb-disk-")));
    const refusal = mount(disk.folder);
    onTestFinished(() => {
      disk.unmount();
      rmdirSync(disk.folder);
    });
    if (refusal !== undefined) throw new Error(refusal);
    return disk;
  }

  /** To the last block. */
  fill(): void {
    try {
      for (;;) appendFileSync(join(this.folder, "ballast"), Buffer.alloc(4_096));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error;
    }
  }

  /** The folder stays. */
  unmount(): void {
    spawnSync("umount", ["-l", this.folder]);
  }
}

/** Answers why it can not be. */
function mount(folder: string): string | undefined {
  const options = ["-t", "tmpfs", "-o", "size=8m,mode=777", "tmpfs", folder];
  const { error, status, stderr } = spawnSync("mount", options);
  return status === 0 ? undefined : (error?.message ?? `${stderr}`.trim());
}

/** Why there are no small disks here; undefined when there are. */
export const noDisks: string | undefined = whyNoDisks();

function whyNoDisks(): string | undefined {
  if (process.platform !== "linux") return "only Linux has tmpfs";
  const folder = mkdtempSync(join(tmpdir(), "nadb-disk-"));
  const refusal = mount(folder);
  if (refusal === undefined) spawnSync("umount", ["-l", folder]);
  rmdirSync(folder);
  return refusal;
}
