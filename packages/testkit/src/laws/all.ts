import type { Law } from "../law.js";
import { abort } from "./abort.js";
import { bufferedWrites } from "./buffered-writes.js";
import { capabilities } from "./capabilities.js";
import { changesConcurrent } from "./changes-concurrent.js";
import { changesFull } from "./changes-full.js";
import { changesSince } from "./changes-since.js";
import { checkpoints } from "./checkpoints.js";
import { cleanup } from "./cleanup.js";
import { commit } from "./commit.js";
import { commitId } from "./commit-id.js";
import { conditions } from "./conditions.js";
import { drop } from "./drop.js";
import { expectations } from "./expectation.js";
import { expiry } from "./expiry.js";
import { groupCommit } from "./group-commit.js";
import { head } from "./head.js";
import { input } from "./input.js";
import { keyOrder } from "./key-order.js";
import { keys } from "./keys.js";
import { lifecycle } from "./lifecycle.js";
import { merge } from "./merge.js";
import { model } from "./model.js";
import { onConflict } from "./on-conflict.js";
import { records } from "./records.js";
import { replace } from "./replace.js";
import { seals } from "./seals.js";
import { stagedFailures } from "./staged-failures.js";
import { storeChanges } from "./store-changes.js";
import { sweep } from "./sweep.js";
import { tags } from "./tags.js";
import { touch } from "./touch.js";
import { transactions } from "./transactions.js";
import { trim } from "./trim.js";
import { typedValues } from "./typed-values.js";
import { versions } from "./versions.js";

/**
 * Every promise of the contract, in the order in which a new backend comes to keep them; then what a KeyValueStore on
 * it promises in turn.
 */
export const LAWS: readonly Law[] = [
  lifecycle,
  capabilities,
  records,
  keys,
  commit,
  versions,
  expectations,
  commitId,
  groupCommit,
  head,
  tags,
  expiry,
  sweep,
  changesFull,
  changesSince,
  changesConcurrent,
  keyOrder,
  checkpoints,
  trim,
  abort,
  replace,
  merge,
  onConflict,
  stagedFailures,
  seals,
  drop,
  input,
  typedValues,
  conditions,
  touch,
  cleanup,
  transactions,
  storeChanges,
  bufferedWrites,
  model,
];
