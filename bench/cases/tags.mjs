// A namespace with 10,000 tags, and one record that carries 10,000.
import { fill, timedBackup, timedOnEmpty, timedRestore } from "../contenders.mjs";
import { fillNadb } from "../filled.mjs";
import { measure, timed } from "../measure.mjs";
import { records } from "../records.mjs";

const TAGS = 10_000;
const QUERIES = 1000;

export const tags = { name: "tags", run };

async function run({ folders, records: count, runs, note }) {
  const entries = [...records({ count: Math.max(count, 10 * TAGS), tagCount: TAGS })];
  const many = { key: "many", value: "", tags: Array.from({ length: TAGS }, (_, i) => `tag:${i}`) };
  const { store, repository, close } = await fillNadb(folders, entries);
  const samples = await measure(
    {
      set: () => timedOnEmpty("nadb", folders, entries.length, (nadb) => fill(nadb, entries)),
      one: () => timedOnEmpty("nadb", folders, 1, (nadb) => nadb.write([many])),
      list: () => timed(1, () => listTags(store)),
      query: () => timed(QUERIES, () => queryTags(store)),
      backup: () => timedBackup(store, folders, entries.length),
      restore: () => timedRestore(repository, folders, entries.length),
    },
    { runs, note },
  );
  await close();
  return [
    { what: "10,000 tags: setMany of 10,000, keys in order", samples: samples.set },
    { what: "10,000 tags: listTags", samples: samples.list },
    { what: "10,000 tags: queryByTags of two tags", samples: samples.query },
    { what: "10,000 tags: full backup", samples: samples.backup },
    { what: "10,000 tags: restore", samples: samples.restore },
    { what: "set of one record with 10,000 tags", samples: samples.one },
  ];
}

async function listTags(store) {
  const { size } = await store.listTags();
  if (size <= TAGS) throw new Error(`${size} tags are listed`);
}

async function queryTags(store) {
  for (let i = 0; i < QUERIES; i++) await store.queryByTags({ all: ["kind:0", `group:${i}`] });
}
