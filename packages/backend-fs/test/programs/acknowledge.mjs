// Sets key after key from a number on, several at a time, and says each one that has been acknowledged. It ends
// before the key of a last number, if one is given.
import { args, openStore, say } from "./common.mjs";

const store = await openStore();
const [first, atOnce, end = Number.POSITIVE_INFINITY] = args.map(Number);
let next = first;

async function work() {
  for (let i = next++; i < end; i = next++) {
    await store.set(`key${i}`, `value ${i}`, { tags: ["acknowledged"] });
    say(i);
  }
}

await Promise.all(Array.from({ length: atOnce }, work));
await store.close();
