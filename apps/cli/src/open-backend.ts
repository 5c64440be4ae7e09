// From a store URL to a backend. The part before the colon chooses it.
import { fsBackend } from "@nadb/backend-fs";
import { invalidArgument, memoryBackend, quote, type StorageBackend } from "@nadb/core";

export interface OpenBackendOptions {
  /** Make the store when there is none; commands that only read never do. */
  readonly create: boolean;
}

type Open = (address: string, options: OpenBackendOptions) => StorageBackend;

const schemes = new Map<string, Open>([
  ["fs", (address, { create }) => fsBackend({ path: folderOf(address), create })],
  ["memory", openMemory],
]);

/** Nothing is opened yet. Throws NADB_INVALID_ARGUMENT for a URL that names no backend. */
export function openBackend(url: string, options: OpenBackendOptions): StorageBackend {
  const { scheme, address } = splitUrl(url);
  const open = schemes.get(scheme);
  if (open === undefined) throw unknownScheme(url);
  return open(address, options);
}

/** The folder that a store lives in; undefined for a store that is not in a folder. */
export function storeFolder(url: string): string | undefined {
  const { scheme, address } = splitUrl(url);
  return scheme === "fs" ? folderOf(address) : undefined;
}

function splitUrl(url: string): { scheme: string; address: string } {
  const colon = url.indexOf(":");
  if (colon === -1) throw unknownScheme(url);
  return { scheme: url.slice(0, colon), address: url.slice(colon + 1) };
}

/** `fs:./data`, `fs:/abs/data` and `fs:///abs/data`. */
function folderOf(address: string): string {
  const path = address.startsWith("///") ? address.slice(2) : address;
  if (path !== "" && !path.startsWith("//")) return path;
  throw invalidArgument(
    `${quote(`fs:${address}`)} names no folder`,
    "write fs:./data or fs:/path/to/data",
  );
}

function openMemory(address: string): StorageBackend {
  if (address === "") return memoryBackend();
  throw invalidArgument(`${quote(`memory:${address}`)} is no store`, "write memory: and no more");
}

function unknownScheme(url: string): Error {
  const known = Array.from(schemes.keys(), (scheme) => `${scheme}:`).join(", ");
  return invalidArgument(
    `${quote(url)} names no store this nadb can open; it knows ${known}`,
    "for a folder write fs: before its path, as in fs:./data",
  );
}
