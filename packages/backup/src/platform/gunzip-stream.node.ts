// gzip unpacked as a stream by Node's zlib, on the thread pool. Same interface as gunzip-stream.portable.ts.
import { createGunzip, type Gunzip } from "node:zlib";
import { corruption } from "@nadb/core";

const CHUNK_BYTES = 1 << 18;

/**
 * What the bytes of one or several gzip members unpack to. Memory is some chunks, whatever they claim. Throws
 * NADB_CORRUPTION when they are no gzip; what reading `chunks` throws is thrown on.
 */
export async function* gunzipStream(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  const feeding = feed(gunzip, chunks);
  try {
    for await (const chunk of gunzip) yield chunk as Uint8Array;
  } catch (error) {
    throw isOfZlib(error) ? corruption(`it does not unpack: ${error.message}`) : error;
  } finally {
    gunzip.destroy();
    await feeding; // the source is closed when the reader is
  }
}

/** A failure of the source ends the unpacking with it. */
async function feed(gunzip: Gunzip, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  try {
    for await (const chunk of chunks) {
      if (gunzip.destroyed) return;
      if (!gunzip.write(chunk)) await roomIn(gunzip);
    }
    gunzip.end();
  } catch (error) {
    gunzip.destroy(error as Error);
  }
}

/** Resolves, too, once nothing will be read any more. */
function roomIn(gunzip: Gunzip): Promise<void> | undefined {
  if (gunzip.destroyed) return undefined;
  return new Promise((resolve) => {
    const done = (): void => {
      gunzip.off("drain", done).off("close", done);
      resolve();
    };
    gunzip.on("drain", done).on("close", done);
  });
}

const isOfZlib = (error: unknown): error is Error =>
  error instanceof Error && String((error as NodeJS.ErrnoException).code).startsWith("Z_");
