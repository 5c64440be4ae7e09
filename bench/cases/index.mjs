// All cases, in the order of the table. A case: `{ name, run(bench) → rows }`.
import { archivers } from "./archivers.mjs";
import { backup } from "./backup.mjs";
import { bulk } from "./bulk.mjs";
import { chain } from "./chain.mjs";
import { get } from "./get.mjs";
import { incremental } from "./incremental.mjs";
import { large } from "./large.mjs";
import { lookup } from "./lookup.mjs";
import { memory } from "./memory.mjs";
import { redis } from "./redis.mjs";
import { repository } from "./repository.mjs";
import { restore } from "./restore.mjs";
import { set } from "./set.mjs";
import { single } from "./single.mjs";
import { tags } from "./tags.mjs";
import { verify } from "./verify.mjs";

export const cases = [
  backup,
  verify,
  restore,
  incremental,
  chain,
  lookup,
  archivers,
  get,
  set,
  single,
  large,
  bulk,
  tags,
  memory,
  redis,
  repository,
];
