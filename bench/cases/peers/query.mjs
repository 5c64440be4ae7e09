// NADB alone: queries by tag that find 100 records of a million.
import { contest } from "../../contest.mjs";
import { timedEach } from "../../measure.mjs";
import { nadb } from "../../peers/nadb.mjs";
import { chance, keyOf } from "../../records.mjs";

const FOUND = 100;
const BATCH = 10_000;
const GOAL = { milliseconds: 2 };
const VALUE = Buffer.alloc(100, "value ");

export const query = { name: "peers/query", run };

async function run(bench) {
  const count = bench.quick ? 10_000 : 1_000_000;
  const opened = await nadb.open(bench.folders.fresh("query"));
  await fill(opened, count, bench.note);
  const kinds = queriesOf(count / FOUND);
  const finding = (name, queryOf) => ({
    store: `NADB, ${name}`,
    goal: GOAL,
    sample: (seconds) => timedQueries(opened.store, queryOf, seconds),
  });
  const listing = { store: "NADB", sample: (seconds) => timedListings(opened.store, seconds) };
  const all = count.toLocaleString("en-US");
  const contests = [
    await contest(
      `tag query of ${FOUND} of ${all}`,
      Object.entries(kinds).map(([name, queryOf]) => finding(name, queryOf)),
      bench,
    ),
    await contest(`listTags of ${all}`, [listing], bench),
  ];
  await opened.close();
  return contests;
}

/** `groups` tags with 100 records each, and `kind:0` with a quarter of all; every fourth group is of that kind. */
function queriesOf(groups) {
  const random = chance(1);
  const group = () => `group:${4 * Math.floor((random() * groups) / 4)}`;
  return {
    "one tag": () => ({ all: [group()] }),
    "one tag, total": () => ({ all: [group()], total: true }),
    "all: [large, small]": () => ({ all: ["kind:0", group()] }),
    "all: [large, small], total": () => ({ all: ["kind:0", group()], total: true }),
  };
}

async function fill({ setMany }, count, note) {
  for (let from = 0; from < count; from += BATCH) {
    note(`filling, ${from}`);
    await setMany(Array.from({ length: BATCH }, (_, i) => entryOf(from + i, count / FOUND)));
  }
}

const entryOf = (index, groups) => ({
  key: keyOf(index),
  value: VALUE,
  tags: [`kind:${index % 4}`, `group:${index % groups}`],
});

function timedQueries(store, queryOf, seconds) {
  const step = async () => {
    const { items, total = FOUND } = await store.queryByTags(queryOf());
    if (items.length !== FOUND || total !== FOUND)
      throw new Error(`${items.length} records were found`);
  };
  return timedEach(step, { count: 1000, seconds });
}

const timedListings = (store, seconds) =>
  timedEach(async () => void (await store.listTags()), { count: 1000, seconds });
