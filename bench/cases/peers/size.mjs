// What records take: on disk for each, once the store is closed, and of memory beyond that of the idle process, at the peak
// of filling it in batches of about 100 KB.
import { contestOfBytes } from "../../contest.mjs";

export const size = { name: "peers/size", run };

async function run({ peers }) {
  const contests = [];
  for (const size of peers.sizes) contests.push(...(await contestsOf(peers, size)));
  return contests;
}

async function contestsOf(peers, size) {
  const disks = [];
  const memories = [];
  for (const store of await peers.stores()) {
    const { disk, memory } = await peers.fillingOf(store, size);
    disks.push({ store: store.name, bytes: disk / size.records });
    memories.push({ store: store.name, bytes: memory });
  }
  const records = size.records.toLocaleString("en-US");
  return [
    contestOfBytes(`disk per record, ${size.label}`, disks.filter(isKnown)),
    contestOfBytes(`memory to write ${records} records, ${size.label}`, memories.filter(isKnown)),
  ];
}

/** Some systems do not tell. */
const isKnown = ({ bytes }) => Number.isFinite(bytes);
