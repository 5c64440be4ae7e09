// Several backends of one process on one folder: they share the engine.
import { rmSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { fsBackend } from "../src/index.js";
import { newFolder } from "./folders.js";
import { Program } from "./program.js";

const ID = { db: "d", namespace: "n" };
const put = (key: string) => ({ type: "put", key, value: new Uint8Array(8) }) as const;

describe("two backends of one process on one folder", () => {
  it("can be opened while the other is writing", async () => {
    const program = Program.start("open-again", [newFolder()]);
    expect(await program.line()).toBe("1010");
    await program.end();
  });

  it("stay open until each is closed, in whatever order", async () => {
    const path = newFolder();
    const [one, two] = [fsBackend({ path }), fsBackend({ path })];
    await Promise.all([one.open(), two.open()]);
    const [here, there] = [await one.namespace(ID), await two.namespace(ID)];
    await here.commit([put("a")]);
    await one.close();
    await one.close();
    await there.commit([put("b")]);
    expect((await there.keys()).items).toEqual(["a", "b"]);
    await expect(here.head()).rejects.toMatchObject({ code: "NADB_CLOSED" });
    const three = fsBackend({ path });
    await three.open();
    await two.close();
    expect((await (await three.namespace(ID)).head()).count).toBe(2);
    await three.close();
    const four = fsBackend({ path });
    await four.open();
    expect((await (await four.namespace(ID)).head()).count).toBe(2);
    await four.close();
  });

  it("are apart when the folder was replaced in between", async () => {
    const path = newFolder();
    const old = fsBackend({ path });
    await old.open();
    await (await old.namespace(ID)).commit([put("old")]);
    rmSync(path, { recursive: true }); // the folder that newFolder made for this test
    const anew = fsBackend({ path });
    await anew.open();
    expect((await (await anew.namespace(ID)).head()).count).toBe(0);
    await anew.close();
    expect((await (await old.namespace(ID)).head()).count).toBe(1);
    await old.close();
  });
});
