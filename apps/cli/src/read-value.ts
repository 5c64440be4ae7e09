// The value of `nadb set`: an argument, a file, or what comes in on stdin.
import { readFile, stat } from "node:fs/promises";
import { addAbortSignal } from "node:stream";
import { invalidArgument } from "@nadb/core";
import { fileError, usageError } from "./failure.js";
import { formatBytes, formatCount } from "./format.js";

export interface ValueSource {
  /** The argument; "-" means stdin. */
  readonly text: string | undefined;
  readonly file: string | undefined;
  readonly stdin: NodeJS.ReadStream;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export async function readValue(source: ValueSource): Promise<Uint8Array> {
  const { text, file, stdin } = source;
  if (text !== undefined && file !== undefined) {
    throw usageError("a value was given twice: as an argument and with --file");
  }
  if (file !== undefined) return readFileValue(file, source);
  if (text !== undefined && text !== "-") return new TextEncoder().encode(text);
  if (text === undefined && stdin.isTTY) {
    throw usageError("no value: write it after the key, name a --file, or pipe it in");
  }
  return readStream(stdin, source);
}

async function readFileValue(file: string, { maxBytes, signal }: ValueSource): Promise<Uint8Array> {
  try {
    const { size } = await stat(file);
    if (size > maxBytes) throw tooLarge(`the file ${file}`, size, maxBytes);
    return await readFile(file, { signal });
  } catch (error) {
    throw fileError(`reading ${file}`, error);
  }
}

/** Stops reading as soon as there is too much. */
async function readStream(
  stdin: NodeJS.ReadStream,
  { maxBytes, signal }: ValueSource,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of addAbortSignal(signal, stdin) as AsyncIterable<Uint8Array>) {
    size += chunk.length;
    if (size > maxBytes) throw tooLarge("the value on stdin", size, maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function tooLarge(what: string, size: number, maxBytes: number): Error {
  return invalidArgument(
    `${what} has ${formatCount(size)} bytes or more, this store takes at most ${formatBytes(maxBytes)}`,
  );
}
