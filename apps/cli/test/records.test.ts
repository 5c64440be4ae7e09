import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("set and get", () => {
  const { nadb, json, path } = inFolder();

  it("stores an argument and writes it back, byte for byte and nothing more", async () => {
    const set = await nadb("set user:1 Alicé --tag user --tag active --tag user");
    expect(set).toMatchObject({ exitCode: 0, stderr: "" });
    expect(set.stdout).toBe("set user:1: 6 B; tags active, user; version 1\n");
    expect(await nadb("get user:1")).toMatchObject({ exitCode: 0, stdout: "Alicé", stderr: "" });
  });

  it("answers --json with the record, and with its value as text or in base64", async () => {
    const before = Date.now();
    expect(await json("set a text --tag t")).toEqual({
      key: "a",
      bytes: 4,
      tags: ["t"],
      version: 1,
    });
    const record = await json("get a");
    expect(record).toMatchObject({
      key: "a",
      value: "text",
      encoding: "utf8",
      bytes: 4,
      tags: ["t"],
    });
    expect(record.createdAt).toBeGreaterThanOrEqual(before);
    expect(record.updatedAt).toBe(record.createdAt);
    await nadb("set b", { input: Uint8Array.of(0xff, 0, 1) });
    expect(await json("get b")).toMatchObject({ value: "/wAB", encoding: "base64", version: 2 });
  });

  it("keeps binary values from stdin and from a file", async () => {
    const value = randomBytes(300_000);
    writeFileSync(path("value.bin"), value);
    await nadb("set piped", { input: value });
    await nadb("set dash -", { input: value });
    await nadb("set file --file value.bin");
    for (const key of ["piped", "dash", "file"]) {
      expect((await nadb(`get ${key}`)).bytes.equals(value), key).toBe(true);
    }
  });

  it("keeps an empty value", async () => {
    await nadb("set empty", { input: "" });
    expect(await nadb("get empty")).toMatchObject({ exitCode: 0, stdout: "" });
    expect(await json("get empty")).toMatchObject({ value: "", encoding: "utf8", bytes: 0 });
  });

  it("shows metadata without the value", async () => {
    await nadb("set a secret --tag t --ttl 1h");
    const text = await nadb("get a --meta");
    expect(text.stdout).toMatch(/^key {6}a\nsize {5}6 B\ntags {5}t\nversion {2}1\ncreated {2}20/);
    expect(text.stdout).not.toContain("secret");
    expect(await json("get a --meta")).not.toHaveProperty("value");
  });

  it("lets a record expire", async () => {
    const set = await json("set a v --ttl 1h");
    expect(set.expiresAt - Date.now()).toBeGreaterThan(3_590_000);
    expect((await json("get a --meta")).expiresAt).toBe(set.expiresAt);
    await nadb("set a v --ttl 1ms");
    expect(await nadb("get a")).toMatchObject({ exitCode: 1, stdout: "" });
  });

  it("takes a key or value that looks like a flag behind --", async () => {
    await nadb("set -- --key --json");
    expect(await nadb("get -- --key")).toMatchObject({ stdout: "--json" });
  });

  it("a missing record is NADB_NOT_FOUND", async () => {
    await nadb("set a v");
    const { exitCode, stdout, stderr } = await nadb("get b");
    expect({ exitCode, stdout, stderr }).toEqual({
      exitCode: 1,
      stdout: "",
      stderr: 'NADB_NOT_FOUND: there is no record "b"\n',
    });
  });

  it("keeps databases and namespaces apart", async () => {
    await nadb("set a one");
    await nadb("set a two --namespace other");
    await nadb("--db second set a three");
    expect((await nadb("get a")).stdout).toBe("one");
    expect((await nadb("get a --namespace other")).stdout).toBe("two");
    expect((await nadb("get --db second a")).stdout).toBe("three");
  });
});

describe("delete", () => {
  const { nadb, json } = inFolder();

  it("deletes what is there and counts it", async () => {
    await nadb("set a 1");
    await nadb("set b 2");
    expect((await nadb("delete a nosuch a")).stdout).toBe("deleted 1 of 2 records\n");
    expect(await json("delete b")).toEqual({ requested: 1, deleted: 1 });
    expect((await json("keys")).count).toBe(0);
  });
});

describe("keys, tags and stats", () => {
  const { nadb, json, open } = inFolder();

  it("lists more keys than a page holds, in byte order", async () => {
    const keys = Array.from({ length: 2_345 }, (_, i) => `k${String(i).padStart(4, "0")}`);
    {
      await using store = await open();
      await store.setMany(keys.map((key) => ({ key, value: "", tags: [`t${key.at(-1)}`] })));
    }
    expect((await nadb("keys")).stdout).toBe(`${keys.join("\n")}\n`);
    expect(await json("keys")).toEqual({ keys, count: 2_345 });
    expect((await nadb("keys --prefix k01 --limit 3")).stdout).toBe("k0100\nk0101\nk0102\n");
    expect((await nadb("keys --prefix k000 --tag t7")).stdout).toBe("k0007\n");
    expect(await json("keys --tag t7 --tag t8")).toEqual({ keys: [], count: 0 });
    expect(await json("keys --limit 1000")).toMatchObject({ count: 1_000 });
  });

  it("a key can not steer the terminal or forge a line", async () => {
    {
      await using store = await open();
      await store.set("a\nb\u001b[2J", "");
    }
    expect((await nadb("keys")).stdout).toBe("a\\nb\\u001b[2J\n");
    expect((await json("keys")).keys).toEqual(["a\nb\u001b[2J"]);
  });

  it("counts tags", async () => {
    await nadb("set a 1 --tag x --tag y");
    await nadb("set b 2 --tag x");
    expect((await nadb("tags")).stdout).toBe("2  x\n1  y\n");
    expect(await json("tags")).toEqual({ tags: { x: 2, y: 1 } });
  });

  it("describes the namespace in the words of the API", async () => {
    await nadb("set a 12345 --tag x");
    const stats = await json("stats");
    expect(stats).toMatchObject({ backend: "fs", db: "default", namespace: "default" });
    expect(stats).toMatchObject({ count: 1, bytes: 5, tags: 1 });
    expect(stats.digest).toMatch(/^[0-9a-f]{64}$/);
    expect((await nadb("stats")).stdout).toContain(`digest      ${stats.digest}\n`);
    expect(await json("stats --namespace nothing")).toMatchObject({ count: 0, bytes: 0 });
  });
});
