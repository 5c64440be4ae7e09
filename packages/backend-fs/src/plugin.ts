// fs: URLs. `fs:./data` and `fs:data` begin in the current folder or the one that is given, `fs:/abs/data` and
// `fs:///abs/data` at the root.
import { resolve } from "node:path";
import { type BackendPlugin, invalidArgument, quote } from "@nadb/core";
import { fsBackend } from "./fs-backend.js";

export const fsPlugin: BackendPlugin = {
  name: "fs",
  schemes: ["fs"],
  open: (url, options) => fsBackend({ ...options, path: fsFolder(url, options.folder) }),
};

/** The absolute path of the folder that a fs: URL names. Throws NADB_INVALID_ARGUMENT when it names none. */
export function fsFolder(url: string, folder = "."): string {
  const address = url.replace(/^fs:/, "");
  const path = address.startsWith("///") ? address.slice(2) : address;
  if (path !== "" && !path.startsWith("//")) return resolve(folder, path);
  throw invalidArgument(`${quote(url)} names no folder`, "write fs:./data or fs:/path/to/data");
}
