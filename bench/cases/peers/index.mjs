// The contests, in the order of their table. One of them: `{ name, run(bench) → contests }`.
import { batch } from "./batch.mjs";
import { buffered } from "./buffered.mjs";
import { counter } from "./counter.mjs";
import { del } from "./delete.mjs";
import { get } from "./get.mjs";
import { query } from "./query.mjs";
import { scan } from "./scan.mjs";
import { set } from "./set.mjs";
import { size } from "./size.mjs";
import { transaction } from "./transaction.mjs";

export const peerCases = [set, buffered, batch, size, get, del, scan, query, transaction, counter];
