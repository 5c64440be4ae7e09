// The peer: an application that uses Redis directly, by pipelines of plain commands, and keeps as much as NADB does: a hash
// for the record, its place in a feed of changes, an entry in the listing of each tag.
import { batches } from "../records.mjs";

const RECORD = "plain:r:";
let version = 0;

export async function setAll(client, entries, batchSize) {
  for (const batch of batches(entries, batchSize)) {
    const pipeline = client.pipeline();
    for (const entry of batch) addSet(pipeline, entry);
    failOn(await pipeline.exec());
  }
}

function addSet(pipeline, { key, value, tags }) {
  const now = Date.now();
  version++;
  pipeline.hset(RECORD + key, {
    value,
    tags: JSON.stringify(tags),
    created: now,
    updated: now,
    version,
  });
  pipeline.zadd("plain:feed", version, key);
  for (const tag of tags) pipeline.sadd(`plain:t:${tag}`, key);
}

const FIELDS = ["value", "tags", "created", "updated", "version"];

export async function get(client, key) {
  const [value] = await client.hmgetBuffer(RECORD + key, ...FIELDS);
  if (value === null) throw new Error("a record is missing");
}

/** What users write to back Redis up: SCAN, then HGETALL of each key found. Answers how many records there were. */
export async function scanAll(client) {
  let [cursor, count] = ["0", 0];
  do {
    const [next, keys] = await client.scan(cursor, "MATCH", `${RECORD}*`, "COUNT", 1000);
    const pipeline = client.pipeline();
    for (const key of keys) pipeline.hgetallBuffer(key);
    failOn(await pipeline.exec());
    count += keys.length;
    cursor = next;
  } while (cursor !== "0");
  return count;
}

function failOn(results) {
  const failed = results.find(([error]) => error);
  if (failed) throw failed[0];
}
