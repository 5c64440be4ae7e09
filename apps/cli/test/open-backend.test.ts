import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type BackendPlugin,
  KeyValueStore,
  memoryBackend,
  NadbError,
  type StorageBackend,
} from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import { openBackend } from "../src/index.js";

const acme: BackendPlugin = {
  name: "acme",
  schemes: ["acme"],
  open: (_, options) => memoryBackend(options),
};

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "nadb-open-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

const refusal = (code: string, message: string) =>
  expect.objectContaining({ name: "NadbError", code, message: expect.stringContaining(message) });

describe("openBackend", () => {
  it("opens what is built in", async () => {
    const folder = newFolder();
    for (const url of ["fs:./data", "memory:"]) {
      const backend = await openBackend(url, { folder });
      expect(backend.name).toBe(url.split(":")[0]);
      await (await backend.namespace({ db: "a", namespace: "b" })).head();
      await backend.close();
    }
    expect(readdirSync(folder)).toEqual(["data"]);
  });

  it("opens what a plugin brings, with the options given", async () => {
    const given: object[] = [];
    const open: BackendPlugin["open"] = (url, options) => {
      given.push({ url, ...options });
      return memoryBackend();
    };
    const clock = () => 77;
    const options = { plugins: [{ ...acme, open }], create: false, clock, folder: "/srv" };
    await (await openBackend("acme://host", options)).close();
    expect(given).toEqual([{ url: "acme://host", create: false, clock, folder: "/srv" }]);
  });

  it("its backend serves a store", async () => {
    await using store = await KeyValueStore.open({ backend: await openBackend("memory:") });
    await store.set("key", "value");
    expect(await store.has("key")).toBe(true);
  });

  it("makes no store when it may not", async () => {
    const folder = newFolder();
    const opening = openBackend("fs:./data", { folder, create: false });
    await expect(opening).rejects.toEqual(refusal("NADB_NOT_A_STORE", join(folder, "data")));
  });

  it.each(["", "data", "./data", "FS:data", ":x", "nosuch:x"])(
    "refuses %j and says which schemes there are",
    async (url) => {
      const known = refusal(
        "NADB_INVALID_ARGUMENT",
        "fs:, redis:, rediss:, redis+sentinel:, rediss+sentinel:, redis+cluster:, rediss+cluster:, memory:, acme:",
      );
      await expect(openBackend(url, { plugins: [acme] })).rejects.toEqual(known);
    },
  );

  it.each(["fs:", "fs://host/data", "memory:x"])("refuses %j", async (url) => {
    await expect(openBackend(url)).rejects.toEqual(refusal("NADB_INVALID_ARGUMENT", url));
  });

  it("refuses an address of Redis that is none, without its password", async () => {
    await expect(openBackend("redis://me:secret@host/x")).rejects.toMatchObject({
      code: "NADB_INVALID_ARGUMENT",
      message: "the URL is no address of Redis: its database is no number",
    });
  });

  it("refuses a plugin for a scheme that is taken", async () => {
    const plugins = [{ ...acme, schemes: ["fs"] }];
    const taken = refusal("NADB_INVALID_ARGUMENT", '"fs" and "acme" both claim the scheme fs:');
    await expect(openBackend("memory:", { plugins })).rejects.toEqual(taken);
  });

  it.each([
    [{ ...memoryBackend(), contract: 2 }, "contract 2"],
    [{}, "contract undefined"],
    [undefined, "contract undefined"],
  ])("refuses a backend of another contract", async (backend, says) => {
    const plugins = [{ ...acme, open: () => backend as StorageBackend }];
    const refused = expect.objectContaining({
      code: "NADB_UNSUPPORTED",
      message: expect.stringContaining(`the plugin "acme" speaks ${says}`),
      hint: "update the older of the two",
    });
    await expect(openBackend("acme:", { plugins })).rejects.toEqual(refused);
  });

  it("tells what a plugin throws: its own refusal as it is, anything else with the plugin's name", async () => {
    const throwing = (error: unknown) => ({
      ...acme,
      open: () => {
        throw error;
      },
    });
    const own = new NadbError("NADB_IO", "no answer");
    await expect(openBackend("acme:", { plugins: [throwing(own)] })).rejects.toBe(own);
    const plugins = [throwing(new TypeError("x is not a function"))];
    const told = refusal("NADB_IO", 'the plugin "acme" on "acme://***@h": x is not a function');
    await expect(openBackend("acme://u:p@h", { plugins })).rejects.toEqual(told);
  });
});
