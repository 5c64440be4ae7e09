// Opens the folder again and again while another backend of this process is writing to it; says so at the end.
import { fsBackend } from "../../dist/index.js";

const [path] = process.argv.slice(2);
const id = { db: "d", namespace: "n" };
const one = fsBackend({ path });
await one.open();
const there = await one.namespace(id);
const put = (key) => ({ type: "put", key, value: new Uint8Array(8) });

async function write(worker) {
  for (let i = 0; i < 20; i++) await there.commit([put(`${worker}/${i}`)]);
}

const writing = Array.from({ length: 50 }, (_, worker) => write(worker));
for (let i = 0; i < 10; i++) {
  const other = fsBackend({ path });
  await other.open();
  await (await other.namespace(id)).commit([put(`other/${i}`)]);
  await other.close();
}
await Promise.all(writing);
console.log((await there.head()).count);
await one.close();
