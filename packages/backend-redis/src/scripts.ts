// The scripts, each by its name in messages.
import { script } from "./link.js";
import { COMMIT } from "./lua/commit.js";
import { BEGIN, END, FINISH, FREEZE, MERGE, PUT, THAW } from "./lua/load.js";
import { EXPECT, HOLD, STAGE } from "./lua/long-commit.js";
import { COUNT, GET, HEAD, LIST, MARKS, PAGE, QUERY, TAGS } from "./lua/read.js";
import { RIGHTS } from "./lua/rights.js";
import { DECIDE, MAKE_ROOT, MARK_ROOT, OPEN_LOAD } from "./lua/root.js";
import { COLLECT, DROP, MAKE, SWEEP, TRIM } from "./lua/upkeep.js";

const reads = { flag: "no-writes" } as const;
/** What frees memory, or ends what somebody waits for, goes on when memory is short. */
const frees = { flag: "allow-oom" } as const;
const waits = { waits: true } as const;
const commits = { waits: true, commits: true } as const;

export const scripts = {
  rights: script("rights", RIGHTS, reads),
  commit: script("commit", COMMIT, commits),
  /** REQUIRES: nothing is put. */
  deletes: script("commit", COMMIT, { ...commits, ...frees }),
  head: script("head", HEAD, reads),
  marks: script("changes", MARKS, reads),
  page: script("changes", PAGE, reads),
  list: script("keys", LIST, reads),
  query: script("query", QUERY, reads),
  count: script("count", COUNT, reads),
  tags: script("tags", TAGS, reads),
  get: script("get", GET, reads),
  make: script("make", MAKE, waits),
  sweep: script("sweep", SWEEP, frees),
  trim: script("trim", TRIM, frees),
  collect: script("collect", COLLECT, frees),
  drop: script("drop", DROP, { ...frees, ...waits }),
  begin: script("begin load", BEGIN, frees),
  put: script("load", PUT),
  freeze: script("freeze", FREEZE, { ...frees, ...waits }),
  thaw: script("thaw", THAW, frees),
  finish: script("finish load", FINISH, { ...frees, ...waits }),
  merge: script("merge", MERGE, { ...frees, ...waits }),
  end: script("end load", END, frees),
  stage: script("commit", STAGE),
  /** REQUIRES: nothing is put. */
  stageDeletes: script("commit", STAGE, frees),
  hold: script("commit", HOLD, { ...frees, ...waits }),
  expect: script("commit", EXPECT, reads),
  makeRoot: script("make root", MAKE_ROOT, waits),
  markRoot: script("mark root", MARK_ROOT, { ...frees, ...waits }),
  openLoad: script("open load", OPEN_LOAD, frees),
  decide: script("decide load", DECIDE, { ...commits, ...frees }),
} as const;
