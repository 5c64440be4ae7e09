// gzip unpacked as a stream by fflate. Same interface as gunzip-stream.node.ts. fflate does not compare the check sums of
// gzip; whoever reads a backup compares a better one.
import { corruption } from "@nadb/core";
import { Gunzip } from "fflate";

/** Bytes unpacked at once: gzip makes at most about a thousand times as many of them. */
const SLICE_BYTES = 1 << 14;

/**
 * What the bytes of one or several gzip members unpack to. Memory is some chunks, whatever they claim. Throws
 * NADB_CORRUPTION when they are no gzip; what reading `chunks` throws is thrown on.
 */
export async function* gunzipStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacked: Uint8Array[] = [];
  const gunzip = new Gunzip((chunk) => void unpacked.push(chunk));
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; at += SLICE_BYTES) {
      push(gunzip, chunk.slice(at, at + SLICE_BYTES), false);
      yield* unpacked.splice(0);
    }
  }
  push(gunzip, new Uint8Array(0), true);
  yield* unpacked;
}

function push(gunzip: Gunzip, bytes: Uint8Array, isLast: boolean): void {
  try {
    gunzip.push(bytes, isLast);
  } catch (error) {
    throw corruption(`it does not unpack: ${error instanceof Error ? error.message : error}`);
  }
}
