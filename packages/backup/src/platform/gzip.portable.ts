// gzip by fflate, in its own worker where the runtime has one.
import { gunzip as fflateGunzip, gzip as fflateGzip } from "fflate";

/** Level 1 to 9. */
export async function gzip(bytes: Uint8Array, level: number): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, data: Uint8Array) => (error ? reject(error) : resolve(data));
    fflateGzip(bytes, { level: level as 6 }, done);
  });
}

/** Throws when the bytes are no gzip, or unpack to more than `rawLength`. */
export async function gunzip(bytes: Uint8Array, rawLength: number): Promise<Uint8Array> {
  if (announcedLength(bytes) !== rawLength) throw new Error("unpacks to another length");
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, data: Uint8Array) => (error ? reject(error) : resolve(data));
    fflateGunzip(bytes, done); // allocates the announced length, and no more
  });
}

/** The last four bytes of a gzip member: the length of its content, little-endian. */
function announcedLength(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return bytes.length < 18 ? -1 : view.getUint32(bytes.length - 4, true);
}
