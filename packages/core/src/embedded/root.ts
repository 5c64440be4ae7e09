// The root of an OrderedKv: its format version, the numbering of spaces, the table of namespaces.
import type { NamespaceId } from "../backend.js";
import { readU16, readU32, writeU16, writeU32 } from "../bytes.js";
import { NadbError } from "../errors.js";
import { decodeEntry, encodeEntry, type NamespaceEntry } from "./entry.js";
import { FORMAT_KEY, LAYOUT_VERSION, NEXT_SPACE_KEY, namespaceKey } from "./layout.js";
import type { OrderedKv, ReadTransaction, WriteTransaction } from "./ordered-kv.js";

/** Marks a new store with the layout's version; refuses one written by a newer NADB. */
export async function checkFormat(kv: OrderedKv, backendName: string): Promise<void> {
  const found = kv.read((tx) => tx.get(FORMAT_KEY));
  if (found === undefined) {
    if (kv.read((tx) => holdsAnything(tx))) {
      throw new NadbError("NADB_NOT_A_STORE", `this ${backendName} database was not made by NADB`);
    }
    await markFormat(kv);
    return;
  }
  const version = readU16(found, 0);
  if (version > LAYOUT_VERSION) {
    throw new NadbError(
      "NADB_NEWER_FORMAT",
      `this ${backendName} store has layout version ${version}, this NADB reads up to ${LAYOUT_VERSION}`,
      { hint: "update NADB" },
    );
  }
  if (version < LAYOUT_VERSION) await markFormat(kv); // what is written from now on, older versions can not read
}

async function markFormat(kv: OrderedKv): Promise<void> {
  const format = new Uint8Array(2);
  writeU16(format, 0, LAYOUT_VERSION);
  await kv.write((tx) => tx.put(FORMAT_KEY, format));
}

function holdsAnything(tx: ReadTransaction): boolean {
  for (const _ of tx.range({ gte: Uint8Array.of(0), lt: Uint8Array.of(0xff) })) return true;
  return false;
}

export function readEntry(tx: ReadTransaction, id: NamespaceId): NamespaceEntry | undefined {
  const bytes = tx.get(namespaceKey(id));
  return bytes === undefined ? undefined : decodeEntry(bytes);
}

/** The space of a namespace alone: all that reads need of its entry, without decoding the rest. */
export function readSpace(tx: ReadTransaction, namespaceKey: Uint8Array): number | undefined {
  const bytes = tx.get(namespaceKey);
  return bytes === undefined ? undefined : readU32(bytes, 0);
}

export function writeEntry(tx: WriteTransaction, id: NamespaceId, entry: NamespaceEntry): void {
  tx.put(namespaceKey(id), encodeEntry(entry));
}

/** A space number never used before in this store. */
export function newSpace(tx: WriteTransaction): number {
  const bytes = tx.get(NEXT_SPACE_KEY);
  const space = bytes === undefined ? 1 : readU32(bytes, 0);
  const next = new Uint8Array(4);
  writeU32(next, 0, space + 1);
  tx.put(NEXT_SPACE_KEY, next);
  return space;
}
