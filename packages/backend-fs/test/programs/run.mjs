// Reads a run from the beginning, pauses after its first page until it is told to go on, and says what it was.
import { decodeRecord, encodeRecord, StateDigest } from "@nadb/core";
import { openStore, say, told } from "./common.mjs";

const store = await openStore();
const digest = new StateDigest();
let [count, bytes] = [0, 0];
for await (const { changes, end } of store.storage.changes(null, { pageBytes: 1_000 })) {
  for (const change of changes) {
    const record = decodeRecord(change);
    digest.toggle(encodeRecord(record));
    bytes += record.value.length;
  }
  if (count === 0) {
    say("paused");
    await told().next();
  }
  count += changes.length;
  if (end) say(JSON.stringify([{ count, bytes, digest: digest.toHex() }, end]));
}
await store.close();
process.stdin.destroy();
