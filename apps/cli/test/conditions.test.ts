// Writes that depend on what stands there, and expiry. A refused one leaves the record as it was (refusals.test.ts).
import { fsBackend } from "@nadb/backend-fs";
import { KeyValueStore } from "@nadb/core";
import { describe, expect, it } from "vitest";
import { inFolder } from "./support/nadb.js";

describe("conditions", () => {
  const { nadb, json } = inFolder();

  it("--if-absent stores the first value only", async () => {
    expect(await json("set a first --if-absent")).toMatchObject({ version: 1 });
    const { exitCode, stdout, stderr } = await nadb("set a second --if-absent");
    expect({ exitCode, stdout }).toEqual({ exitCode: 1, stdout: "" });
    expect(stderr).toMatch(/^NADB_CONFLICT: "a" is at version 1/);
    expect((await nadb("get a")).stdout).toBe("first");
  });

  it("--if-version goes from version to version, and tells the next", async () => {
    const { version } = await json("set a one");
    const next = await json(`set a two --if-version ${version}`);
    expect(next.version).toBeGreaterThan(version);
    expect(await nadb(`set a lost --if-version ${version}`)).toMatchObject({ exitCode: 1 });
    expect(await json("get a")).toMatchObject({ value: "two", version: next.version });
  });

  it("delete --if-version deletes that version only", async () => {
    await nadb("set a one");
    await nadb("set a two");
    expect(await nadb("delete a --if-version 1")).toMatchObject({ exitCode: 1, stdout: "" });
    expect((await nadb("get a")).stdout).toBe("two");
    expect(await json("delete a --if-version 2")).toEqual({ requested: 1, deleted: 1 });
    expect(await nadb("delete a --if-version 2")).toMatchObject({ exitCode: 1, stdout: "" });
  });
});

describe("expiry", () => {
  const { nadb, json, path } = inFolder();
  const LATER = "2999-01-31T12:00:00.000Z";

  it("set --expires-at keeps the instant to the millisecond", async () => {
    expect(await json("set a v --expires-at 2999-01-31T13:00:00.123+01:00")).toMatchObject({
      expiresAt: Date.parse("2999-01-31T12:00:00.123Z"),
    });
    expect((await nadb("get a --meta")).stdout).toContain("expires  2999-01-31T12:00:00.123Z\n");
  });

  it("touch sets another instant or span, and leaves value and tags", async () => {
    await nadb("set a v --tag t");
    const touched = await nadb(`touch a --expires-at ${LATER}`);
    expect(touched).toMatchObject({ exitCode: 0, stdout: `touched a: expires ${LATER}\n` });
    expect(await json("get a")).toMatchObject({
      value: "v",
      tags: ["t"],
      expiresAt: Date.parse(LATER),
    });
    const { key, expiresAt } = await json("touch a --ttl 1h");
    expect(key).toBe("a");
    expect(expiresAt).toBeLessThan(Date.parse(LATER));
    expect((await json("get a --meta")).expiresAt).toBe(expiresAt);
  });

  it("persist takes the expiry away, and leaves value and tags", async () => {
    await nadb("set a v --tag t --ttl 1h");
    expect((await nadb("persist a")).stdout).toBe("persisted a: never expires\n");
    const record = await json("get a");
    expect(record).toMatchObject({ value: "v", tags: ["t"] });
    expect(record).not.toHaveProperty("expiresAt");
    expect(await json("persist a")).toEqual({ key: "a" });
  });

  it("touch and persist tell of a missing record", async () => {
    await nadb("set a v");
    for (const command of ["touch b --ttl 1h", "persist b"]) {
      const { exitCode, stdout, stderr } = await nadb(command);
      expect({ exitCode, stdout, stderr }, command).toEqual({
        exitCode: 1,
        stdout: "",
        stderr: 'NADB_NOT_FOUND: there is no record "b"\n',
      });
    }
    expect((await json("keys")).keys).toEqual(["a"]);
  });

  it("sweep turns what has expired into deletes, and counts it", async () => {
    {
      const clock = (): number => 1_000; // long ago: nothing has expired yet when it is written
      const backend = fsBackend({ path: path("data"), clock });
      await using store = await KeyValueStore.open({ backend, clock });
      const keys = Array.from({ length: 1_234 }, (_, i) => `k${i}`);
      await store.setMany(keys.map((key) => ({ key, value: "", expiresAt: 2_000 })));
      await store.set("stays", "");
    }
    expect(await json("stats")).toMatchObject({ count: 1_235 });
    expect(await json("keys --total")).toMatchObject({ keys: ["stays"], total: 1 });
    expect((await nadb("sweep")).stdout).toBe("swept 1,234 expired records\n");
    expect(await json("stats")).toMatchObject({ count: 1 });
    expect(await json("sweep")).toEqual({ swept: 0 });
  });
});
