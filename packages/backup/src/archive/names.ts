// File names of the archive. A segment's name tells all that planning needs, so that one listing is enough and no manifest
// is read for it; what a name says is proven by the manifest when the segment is read (segments.ts).
//
//   archive/DB/NAMESPACE/archive.json            what the archive promises (declaration.ts)
//   archive/DB/NAMESPACE/lease-000001.json       who archives the namespace (lease.ts)
//   archive/DB/NAMESPACE/GENERATION/NAME.json    manifest of a segment; it exists once this does
//   archive/DB/NAMESPACE/GENERATION/NAME.nadb    its run
//
//   NAME := from "-" to "-" time "-" unwatched   versions in 16 digits, ms since 1970 in 13, ms
import { NadbError, type NamespaceId, quote } from "@nadb/core";
import { isSafeName } from "../paths.js";

export const ARCHIVE_FOLDER = "archive";

/** The run of changes with versions in (from, to] of one generation. */
export interface Segment {
  readonly generation: string;
  readonly from: number;
  readonly to: number;
  /** What the clock said right after the cut, in ms since 1970. */
  readonly time: number;
  /** How long before the cut nobody had looked, in ms: when in this time its changes came can not be told. */
  readonly unwatchedMs: number;
  /** The files' name without their extension. */
  readonly name: string;
}

export type SegmentRange = Omit<Segment, "name">;

const NAME = /^(\d{16})-(\d{16})-(\d{13,16})-(\d{1,16})$/;
const DATA = ".nadb";
const MANIFEST = ".json";

export const archiveFolder = ({ db, namespace }: NamespaceId): string =>
  `${ARCHIVE_FOLDER}/${db}/${namespace}`;

export const declarationPath = (id: NamespaceId): string => `${archiveFolder(id)}/archive.json`;

/** Throws NADB_UNSUPPORTED for a generation that can name no folder. */
export function generationFolder(id: NamespaceId, generation: string): string {
  if (isSafeName(generation)) return `${archiveFolder(id)}/${generation}`;
  throw new NadbError("NADB_UNSUPPORTED", `the generation ${quote(generation)} can name no folder`);
}

export const dataFile = (name: string): string => `${name}${DATA}`;
export const manifestFile = (name: string): string => `${name}${MANIFEST}`;

/** Manifest and data file of a segment. */
export function filesOf(id: NamespaceId, { generation, name }: Segment): [string, string] {
  const folder = generationFolder(id, generation);
  return [`${folder}/${manifestFile(name)}`, `${folder}/${dataFile(name)}`];
}

/** The segment that a data file or manifest is of; undefined for any other file. */
export function segmentOfFile(generation: string, file: string): Segment | undefined {
  const extension = [DATA, MANIFEST].find((one) => file.endsWith(one));
  if (extension === undefined) return undefined;
  return parseSegment(generation, file.slice(0, -extension.length));
}

export const isManifest = (file: string): boolean => file.endsWith(MANIFEST);

export function namedSegment(range: SegmentRange): Segment {
  const { from, to, time, unwatchedMs } = range;
  const name = `${digits(from, 16)}-${digits(to, 16)}-${digits(time, 13)}-${unwatchedMs}`;
  return { ...range, name };
}

/** Undefined for what names no segment. */
export function parseSegment(generation: string, name: string): Segment | undefined {
  const [from, to, time, unwatchedMs] = (NAME.exec(name) ?? []).slice(1).map(Number);
  if (from === undefined || to === undefined || time === undefined || unwatchedMs === undefined)
    return undefined;
  const segment = namedSegment({ generation, from, to, time, unwatchedMs });
  return from < to && segment.name === name ? segment : undefined;
}

const digits = (number: number, count: number): string => String(number).padStart(count, "0");
