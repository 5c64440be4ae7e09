// Which keys may become files: relative paths that stay inside the folder, in names every part of which the
// system can take as they are.
import { invalidArgument, quote } from "@nadb/core";

/** What common file systems take for one name, in bytes of UTF-8. */
const MAX_NAME_BYTES = 255;
const WINDOWS_DEVICE = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;

/** The parts of the path. Throws NADB_INVALID_ARGUMENT for a key that is no path inside a folder. */
export function pathOfKey(key: string, platform: NodeJS.Platform = process.platform): string[] {
  const names = key.split("/");
  if (names.every((name) => isFileName(name) && (platform !== "win32" || isWindowsName(name)))) {
    return names;
  }
  throw invalidArgument(
    `the key ${quote(key)} can not be a file inside the folder`,
    "export takes keys that are relative paths, as import makes them",
  );
}

function isFileName(name: string): boolean {
  return (
    name !== "" &&
    name !== "." &&
    name !== ".." &&
    !name.includes("\0") &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES
  );
}

const isWindowsName = (name: string): boolean =>
  !/[\\:*?"<>|\p{Cc}]|[. ]$/u.test(name) && !WINDOWS_DEVICE.test(name);
