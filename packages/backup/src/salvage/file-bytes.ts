// A damaged file, read by ranges: its size is what it is now, whatever it should be.
import { concatBytes, NadbError, quote } from "@nadb/core";
import type { BackupTarget } from "../target.js";

export class FileBytes {
  private constructor(
    readonly target: BackupTarget,
    readonly path: string,
    readonly size: number,
    readonly signal: AbortSignal | undefined,
  ) {}

  /** Throws NADB_NOT_FOUND. */
  static async open(target: BackupTarget, path: string, signal?: AbortSignal): Promise<FileBytes> {
    const size = await target.size(path);
    if (size === undefined)
      throw new NadbError("NADB_NOT_FOUND", `there is no file ${quote(path)} any more`, {
        hint: "make a new plan",
      });
    return new FileBytes(target, path, size, signal);
  }

  stream(start = 0, end = this.size): AsyncIterable<Uint8Array> {
    const { signal } = this;
    return this.target.read(this.path, { start, end, ...(signal && { signal }) });
  }

  /** Fewer where the file ends before. */
  async bytes(start: number, end: number): Promise<Uint8Array> {
    if (start >= Math.min(end, this.size)) return new Uint8Array(0);
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(start, end)) parts.push(part);
    return concatBytes(parts);
  }
}
