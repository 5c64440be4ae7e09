// Where there is no file system.
import { NadbError } from "@nadb/core";
import type { BackupTarget } from "../target.js";

/** Throws NADB_UNSUPPORTED. */
export function directoryTarget(path: string): BackupTarget {
  throw new NadbError("NADB_UNSUPPORTED", `a folder as target (${path}) needs Node.js`, {
    hint: "use another target",
  });
}
