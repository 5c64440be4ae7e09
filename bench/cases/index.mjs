// All cases, in the order of the table. A case: `{ name, run(bench) → rows }`.
import { backup } from "./backup.mjs";
import { get } from "./get.mjs";
import { large } from "./large.mjs";
import { memory } from "./memory.mjs";
import { restore } from "./restore.mjs";
import { set } from "./set.mjs";
import { single } from "./single.mjs";
import { tags } from "./tags.mjs";
import { verify } from "./verify.mjs";

export const cases = [backup, verify, restore, get, set, single, large, tags, memory];
