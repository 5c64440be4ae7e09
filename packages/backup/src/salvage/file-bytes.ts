// A damaged file, read by ranges: its size is what it is now, whatever it should be.
import { concatBytes, NadbError, quote } from "@nadb/core";
import type { BackupTarget } from "../target.js";

export interface FileWork {
  readonly signal?: AbortSignal;
  /** Of the lease under which it is read. */
  readonly renew: () => Promise<void>;
}

export class FileBytes {
  private constructor(
    readonly target: BackupTarget,
    readonly path: string,
    readonly size: number,
    readonly work: FileWork,
  ) {}

  /** Throws NADB_NOT_FOUND. */
  static async open(target: BackupTarget, path: string, work: FileWork): Promise<FileBytes> {
    const size = await target.size(path);
    if (size === undefined)
      throw new NadbError("NADB_NOT_FOUND", `there is no file ${quote(path)} any more`, {
        hint: "make a new plan",
      });
    return new FileBytes(target, path, size, work);
  }

  async *stream(start = 0, end = this.size): AsyncGenerator<Uint8Array, void, undefined> {
    const { signal, renew } = this.work;
    for await (const chunk of this.target.read(this.path, {
      start,
      end,
      ...(signal && { signal }),
    })) {
      yield chunk;
      await renew();
    }
  }

  /** Fewer where the file ends before. */
  async bytes(start: number, end: number): Promise<Uint8Array> {
    if (start >= Math.min(end, this.size)) return new Uint8Array(0);
    const parts: Uint8Array[] = [];
    for await (const part of this.stream(start, end)) parts.push(part);
    return concatBytes(parts);
  }
}
