// How the data file of a backup is written. Everything above goes by changes in key order, so that a chain may be of
// several formats; whoever reads or writes a run asks here.
import { corruption, type EncodedChange, invalidArgument, quote } from "@nadb/core";
import { longestElement } from "./json/elements.js";
import { changeOf } from "./json/lines.js";
import { decodeJson } from "./json/reader.js";
import { encodeJson, type TextCodec } from "./json/writer.js";
import type { BackupInfo, FormatName } from "./manifest.js";
import { type Codec, type Compression, codecFor } from "./pack/codecs.js";
import { decodePack } from "./pack/reader.js";
import { encodePack, type PackOptions } from "./pack/writer.js";
import { JSON_FILE, JSON_GZIP_FILE, PACK_FILE } from "./paths.js";
import { decodePython } from "./python/records.js";

export interface DecodeOptions {
  /** Blocks unpacked ahead, where a format has blocks. */
  readonly ahead?: number;
}

export interface DataFormat {
  /** As manifests have it. */
  readonly name: FormatName;
  /** Whether its backups carry counts, sizes and the state digest of their cut, to be compared with what is read. */
  readonly isProven: boolean;
  /** The changes in key order, each key once. Throws NADB_CORRUPTION or NADB_NEWER_FORMAT at the first thing wrong. */
  decode(
    chunks: AsyncIterable<Uint8Array>,
    info: BackupInfo,
    options: DecodeOptions,
  ): AsyncIterable<readonly EncodedChange[]>;
}

export interface WritableFormat extends DataFormat {
  /** Of the data file. */
  fileName(codec: Codec): string;
  encode(
    changes: AsyncIterable<readonly EncodedChange[]>,
    options: PackOptions,
  ): AsyncIterable<Uint8Array>;
}

const pack: WritableFormat = {
  name: "nadb-pack",
  isProven: true,
  fileName: () => PACK_FILE,
  encode: encodePack,
  decode: (chunks, { storedSize, codec }, options) =>
    decodePack(chunks, storedSize, { ...options, codec }),
};

const json: WritableFormat = {
  name: "nadb-json",
  isProven: true,
  fileName: (codec) => (codec === "none" ? JSON_FILE : JSON_GZIP_FILE),
  encode: (changes, { codec }) => encodeJson(changes, textCodec(codec)),
  decode: (chunks, { codec, totalSize }) =>
    decodeJson(chunks, {
      codec: textCodec(codec),
      maxBytes: longestElement(totalSize),
      read: changeOf,
    }),
};

const python: DataFormat = {
  name: "python-json",
  isProven: false,
  decode: (chunks, { codec, fileCount }) => decodePython(chunks, textCodec(codec), fileCount),
};

const FORMATS: readonly DataFormat[] = [pack, json, python];

export const formatOf = ({ format }: BackupInfo): DataFormat =>
  FORMATS.find(({ name }) => name === format) as DataFormat;

/** Throws NADB_CORRUPTION for a codec that goes with blocks only. */
function textCodec(codec: Codec): TextCodec {
  if (codec === "none" || codec === "gzip") return codec;
  throw corruption(`codec ${quote(codec)} is none of JSON`);
}

const WRITABLE = { pack, json };

export type Format = keyof typeof WRITABLE;
export const WRITABLE_FORMATS = Object.keys(WRITABLE) as readonly Format[];

export interface FormatOptions {
  /** pack (default): compact, proven block by block. json: a line of JSON for each record, for other programs to read. */
  readonly format?: Format;
  /** Default true. */
  readonly compression?: Compression;
}

/** How a backup is to be written. Throws NADB_INVALID_ARGUMENT for what can not be. */
export function chooseFormat({ format = "pack", compression }: FormatOptions): {
  readonly format: WritableFormat;
  readonly codec: Codec;
} {
  if (!Object.hasOwn(WRITABLE, format)) {
    throw invalidArgument(`format ${quote(format)} is none of ${WRITABLE_FORMATS.join(", ")}`);
  }
  if (format === "json" && compression === "zstd") {
    throw invalidArgument(
      "the format json is compressed by gzip or not at all, not by zstd",
      "leave the compression to its default, or take a pack",
    );
  }
  return { format: WRITABLE[format], codec: codecFor(compression) };
}
