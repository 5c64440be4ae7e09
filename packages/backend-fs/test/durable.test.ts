// A commit is on the disk when it is acknowledged. A killed process proves nothing of that, since the kernel keeps
// what was written: here the kernel is asked in which order things happened, where there is a strace to ask it.
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { newFolder } from "./folders.js";
import { Program } from "./program.js";

const hasStrace = spawnSync("strace", ["-f", "-o", "/dev/null", "true"]).status === 0;
const CALLS = "openat,write,writev,pwrite64,pwritev,fdatasync,fsync,msync";
const PROGRAM = fileURLToPath(new URL("programs/acknowledge.mjs", import.meta.url));

/** What happened to data.mdb, and what was said, in order. */
async function trace(...args: string[]): Promise<string[]> {
  const out = join(newFolder(), "trace");
  const strace = [
    "strace",
    "-f",
    "-qq",
    "-y",
    "-e",
    `trace=${CALLS}`,
    "-e",
    "signal=none",
    "-o",
    out,
  ];
  await Program.run([...strace, process.execPath, PROGRAM, ...args]).end();
  return readFileSync(out, "utf8").split("\n");
}

/** For each line said: was data.mdb written to since the one before, and is all of that on the disk? */
function acknowledgements(calls: readonly string[]): { written: boolean; flushed: boolean }[] {
  const synchronous = new Set<string>();
  const found: { written: boolean; flushed: boolean }[] = [];
  let [written, flushed] = [false, true];
  for (const call of calls) {
    const opened = /openat\(.*data\.mdb".*O_DSYNC.* = (\d+)/.exec(call);
    if (opened?.[1]) synchronous.add(opened[1]);
    const write = /write(?:v|64)?\((\d+)<.*data\.mdb>/.exec(call);
    if (write?.[1]) {
      written = true;
      flushed &&= synchronous.has(write[1]);
    }
    if (/(fsync|fdatasync)(\(\d+<.*data\.mdb>\)| resumed>\)) += 0/.test(call)) flushed = true;
    if (/ write\(1<[^>]*>, "\d+\\n"/.test(call)) {
      found.push({ written, flushed });
      written = false;
    }
  }
  return found;
}

describe.skipIf(!hasStrace)("a commit is acknowledged", () => {
  it("once all it wrote to data.mdb has been flushed, and not before", async () => {
    const found = acknowledgements(await trace(newFolder(), "0", "1", "20"));
    expect(found).toEqual(Array(20).fill({ written: true, flushed: true }));
  });

  it("with its neighbours, which one flush takes along", async () => {
    const calls = await trace(newFolder(), "0", "8", "80");
    const found = acknowledgements(calls);
    expect(found).toHaveLength(80);
    expect(found.every(({ flushed }) => flushed)).toBe(true);
    expect(calls.filter((call) => call.includes("fdatasync(")).length).toBeLessThan(40);
  });
});
