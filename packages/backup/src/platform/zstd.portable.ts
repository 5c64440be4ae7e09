// zstd without the runtime's help: frames are read by fzstd, on the thread of the caller; none are written.
// INVARIANT: memory is the frame's window and what it really unpacks to, whatever its header claims.
import { concatBytes } from "@nadb/core";
import { Decompress } from "fzstd";

/** Answers one frame that announces its content's size. Undefined where the runtime can not write zstd. */
export type CompressZstd = (bytes: Uint8Array, level: number) => Promise<Uint8Array>;

export const zstd: CompressZstd | undefined = undefined;

/** Throws when the frame is damaged, or unpacks to more than `rawLength`. REQUIRES: `checkFrame` has passed it. */
export async function unzstd(frame: Uint8Array, rawLength: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const decompress = new Decompress((part) => {
    length += part.length;
    if (length > rawLength) throw new Error(`unpacks to more than ${rawLength} bytes`);
    parts.push(part);
  });
  decompress.push(frame, true);
  return concatBytes(parts);
}
