// Several processes on one folder: nobody loses a write, everybody sees a commit at once, a run stays one instant.
import { checkNamespace } from "@nadb/testkit";
import { describe, expect, it } from "vitest";
import { filledFolder, newFolder, openStore } from "./folders.js";
import { Program } from "./program.js";

const ROUNDS = 200;

const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes);

describe("writers in several processes", () => {
  it("lose nothing: neither their own keys nor what they count together", async () => {
    const folder = newFolder();
    const [names, times] = [["a", "b", "c"], 100];
    const programs = names.map((name) => Program.start("count", [folder, name, String(times)]));
    for (const program of programs) expect(await program.line()).toBe("ready");
    for (const program of programs) program.tell("go");
    const tries = await Promise.all(programs.map(async (program) => Number(await program.line())));
    for (const program of programs) await program.end();
    const store = await openStore(folder, false);
    expect(text(await store.get("counter"))).toBe(String(names.length * times));
    expect((await store.stats()).count).toBe(names.length * times + 1);
    expect([...(await store.listTags())]).toEqual(names.map((name) => [name, times]));
    expect(Math.max(...tries)).toBeGreaterThan(times); // they did meet
    await checkNamespace(store.storage, Date.now());
  });
});

describe("a commit is seen by another process", () => {
  it("as soon as that is told of it, though it was reading all the time", async () => {
    const folder = await filledFolder(10);
    const store = await openStore(folder);
    const reader = Program.start("read", [folder]);
    expect(await reader.line()).toBe("ready");
    for (let i = 0; i < ROUNDS; i++) {
      await store.set("key", `value ${i}`);
      reader.tell("key");
      expect(await reader.line()).toBe(`value ${i}`);
    }
    await reader.end();
  });

  it("as soon as it is acknowledged, though this one was reading all the time", async () => {
    const folder = await filledFolder(10);
    const store = await openStore(folder);
    const writer = Program.start("write", [folder]);
    expect(await writer.line()).toBe("ready");
    let reading = true;
    const reads = (async () => {
      for (; reading; await new Promise(setImmediate)) await store.get("key");
    })();
    for (let i = 0; i < ROUNDS; i++) {
      writer.tell(`value ${i}`);
      const line = await writer.line();
      expect(text(await store.get("key"))).toBe(line);
    }
    reading = false;
    await reads;
    await writer.end();
  });
});

describe("a run that pauses half-way", () => {
  it("is the instant it began at, whatever another process writes meanwhile", async () => {
    const folder = await filledFolder(500);
    const store = await openStore(folder);
    const before = await store.storage.head();
    const reader = Program.start("run", [folder]);
    expect(await reader.line()).toBe("paused");
    for (let i = 0; i < 50; i++) {
      await store.setMany([
        { key: `key${i}`, value: "changed" },
        { key: `new${i}`, value: "new" },
      ]);
      await store.delete(`key${499 - i}`);
    }
    await store.clear();
    await store.set("after", "1");
    reader.tell("go on");
    const { count, bytes, digest } = before;
    expect(JSON.parse(await reader.line())).toEqual([{ count, bytes, digest }, before]);
    await reader.end();
    expect((await store.stats()).count).toBe(1);
  });
});
