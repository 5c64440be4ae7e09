// What laws do with files: write them whole, read them whole, list them all, and sources that stop on the way.
import assert from "node:assert/strict";
import type { BackupTarget, ReadOptions, WriteOptions } from "@nadb/backup";

export const bytesOf = (content: Uint8Array | string): Uint8Array =>
  typeof content === "string" ? new TextEncoder().encode(content) : content;

export const write = (
  target: BackupTarget,
  path: string,
  content: Uint8Array | string,
  options?: WriteOptions,
): Promise<void> => target.write(path, [bytesOf(content)], options);

export async function chunksOf(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

export const readAll = async (
  target: BackupTarget,
  path: string,
  options?: ReadOptions,
): Promise<Uint8Array> => Buffer.concat(await chunksOf(target.read(path, options)));

export const textOf = async (target: BackupTarget, path: string): Promise<string> =>
  new TextDecoder().decode(await readAll(target, path));

/** Tells where two contents part, and does not print them. */
export function assertSame(actual: Uint8Array, expected: Uint8Array, what: string): void {
  if (Buffer.compare(actual, expected) === 0) return;
  const other = expected.findIndex((byte, i) => byte !== actual[i]);
  const at = other < 0 ? expected.length : other;
  assert.fail(`${what}: ${actual.length} bytes for ${expected.length}, other from byte ${at} on`);
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

/** A source that fails behind what it has given. */
export async function* failingAfter(
  chunks: Iterable<Uint8Array>,
  error: Error,
): AsyncGenerator<Uint8Array> {
  yield* chunks;
  throw error;
}

/** `content` in parts of so many bytes. */
export function* inParts(content: Uint8Array, length: number): Generator<Uint8Array> {
  for (let i = 0; i < content.length; i += length) yield content.subarray(i, i + length);
}

/** A source that gives its chunks, tells that it stands there, and goes on when it is let. */
export class HeldSource {
  readonly #chunks: Iterable<Uint8Array>;
  #tell: () => void = () => undefined;
  #go: () => void = () => undefined;
  readonly isWaiting = new Promise<void>((resolve) => {
    this.#tell = resolve;
  });
  readonly #mayGo = new Promise<void>((resolve) => {
    this.#go = resolve;
  });

  constructor(
    chunks: Iterable<Uint8Array>,
    readonly failure?: Error,
  ) {
    this.#chunks = chunks;
  }

  readonly release = (): void => this.#go();

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    yield* this.#chunks;
    this.#tell();
    await this.#mayGo;
    if (this.failure !== undefined) throw this.failure;
  }
}

/** Bytes that are quick to make and tell where they stand. */
export function patterned(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++)
    bytes[i] = (i * 31 + (i >>> 8) * 7 + (i >>> 16) * 3 + salt) & 255;
  return bytes;
}
