// The scripts, each by its name in messages.
import { script } from "./link.js";
import { COMMIT } from "./lua/commit.js";
import { BEGIN, END, FINISH, FREEZE, MERGE, PUT, THAW } from "./lua/load.js";
import { COUNT, GET, HEAD, LIST, PAGE, QUERY, TAGS } from "./lua/read.js";
import { DECIDE, MAKE_ROOT } from "./lua/root.js";
import { COLLECT, DROP, MAKE, SWEEP, TRIM } from "./lua/upkeep.js";

export const scripts = {
  commit: script("commit", COMMIT, { waits: true }),
  head: script("head", HEAD),
  page: script("changes", PAGE),
  list: script("keys", LIST),
  query: script("query", QUERY),
  count: script("count", COUNT),
  tags: script("tags", TAGS),
  get: script("get", GET),
  make: script("make", MAKE),
  sweep: script("sweep", SWEEP),
  trim: script("trim", TRIM),
  collect: script("collect", COLLECT),
  drop: script("drop", DROP),
  begin: script("begin load", BEGIN),
  put: script("load", PUT),
  freeze: script("freeze", FREEZE),
  thaw: script("thaw", THAW),
  finish: script("finish load", FINISH),
  merge: script("merge", MERGE),
  end: script("end load", END),
  makeRoot: script("make root", MAKE_ROOT),
  decide: script("decide load", DECIDE),
} as const;
