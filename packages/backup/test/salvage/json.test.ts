// Salvage of JSON: a damaged line is lost and the rest stays, in the order of its keys; what a line's checksum does not cover
// is told; of a packed file each member stands for itself.
import { gunzipSync, gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { planSalvage, Repository, type SalvagePlan, salvageBackup } from "../../src/index.js";
import { crc32 } from "../../src/salvage/crc32.js";
import { patchFile } from "../support/files.js";
import { Clock, fill, openSite, type Site } from "../support/store.js";

async function jsonSite(compression: boolean): Promise<Site> {
  const site = await openSite();
  await fill(site.store, 6);
  await site.backups.createBackup({ backupId: "b", format: "json", compression });
  return site;
}

async function salvagedLines(
  { target }: Site,
  change: (text: string) => string | Uint8Array,
  path = "b/data.json",
): Promise<{ plan: SalvagePlan; keys: string[] }> {
  await patchFile(target, path, (bytes) =>
    Buffer.from(change(Buffer.from(bytes).toString("latin1")) as string, "latin1"),
  );
  const repository = await Repository.open(target, { clock: new Clock().now });
  const plan = await planSalvage(repository, "b", { into: "new" });
  await salvageBackup(repository, plan);
  expect(await repository.verify("new")).toMatchObject({ ok: true });
  const keys: string[] = [];
  for await (const { key } of repository.readBackup("new")) keys.push(key);
  return { plan, keys };
}

const lossesOf = ({ losses }: SalvagePlan) =>
  losses.map(({ what, first, count, keys, changes }) => ({ what, first, count, ...keys, changes }));
const UNPROVEN = { what: "unproven", first: null, count: null, after: null, before: null };

describe("salvage › lines of JSON", () => {
  it("loses the line that is damaged, and tells what no checksum covers of the others", async () => {
    const { plan, keys } = await salvagedLines(await jsonSite(false), (text) =>
      text.replace('"k0002","value":"', '"k0002","value":"A'),
    );
    expect(keys).toEqual(["k0000", "k0001", "k0003", "k0004", "k0005"]);
    expect(lossesOf(plan)).toEqual([
      { what: "lines", first: 3, count: 1, after: "k0001", before: "k0003", changes: 1 },
      { ...UNPROVEN, changes: 5 },
    ]);
  });

  it.each([
    [
      "too high, the next one tells",
      "k0002",
      "k9002",
      ["k0000", "k0001", "k0003", "k0004", "k0005"],
    ],
    [
      "too low, the one before tells",
      "k0002",
      "a0002",
      ["k0000", "k0001", "k0003", "k0004", "k0005"],
    ],
    ["too high at the beginning", "k0000", "k9000", ["k0001", "k0002", "k0003", "k0004", "k0005"]],
    ["too low at the end", "k0005", "a0005", ["k0000", "k0001", "k0002", "k0003", "k0004"]],
    ["unclear: both go", "k0002", "k0003x", ["k0000", "k0001", "k0004", "k0005"]],
  ])("drops a key that is %s", async (_, from, to, left) => {
    const { keys, plan } = await salvagedLines(await jsonSite(false), (text) =>
      text.replace(`"${from}"`, `"${to}"`),
    );
    expect(keys).toEqual(left);
    expect(plan.losses[0]).toMatchObject({ what: "lines", changes: 6 - left.length });
  });

  it("loses what a line feed splits, and both lines where one is missing", async () => {
    const split = await salvagedLines(await jsonSite(false), (text) =>
      text.replace('"k0002"', '"k0\n02"'),
    );
    expect(split.keys).not.toContain("k0002");
    expect(split.plan.losses[0]).toMatchObject({ changes: 1, count: 2 });
    const joined = await salvagedLines(await jsonSite(false), (text) =>
      text.replace(',\n{"key":"k0003"', ',_{"key":"k0003"'),
    );
    expect(joined.keys).toEqual(["k0000", "k0001", "k0004", "k0005"]);
    expect(joined.plan.losses[0]).toMatchObject({ changes: 2, count: 1 });
  });

  it("tells of lines that may be missing where the array does not end", async () => {
    const { plan, keys } = await salvagedLines(await jsonSite(false), (text) =>
      text.slice(0, text.indexOf('{"key":"k0004"')),
    );
    expect(keys).toEqual(["k0000", "k0001", "k0002", "k0003"]);
    expect(lossesOf(plan)[0]).toEqual({
      what: "lines",
      first: 5,
      count: null,
      after: "k0003",
      before: null,
      changes: 2,
    });
  });

  it("loses nothing where only brackets are damaged, or something follows the end", async () => {
    for (const change of [
      (text: string) => text.replace("[", "{"),
      (text: string) => `${text}rubbish`,
    ]) {
      const { plan, keys } = await salvagedLines(await jsonSite(false), change);
      expect(keys).toHaveLength(6);
      expect(plan.isComplete).toBe(true);
      expect(lossesOf(plan)).toEqual([{ ...UNPROVEN, changes: 6 }]); // their times
    }
  });
});

describe("salvage › packed JSON", () => {
  const members = (text: string): Buffer => {
    const lines = Buffer.from(text, "latin1");
    const at = lines.indexOf(',\n{"key":"k0003"');
    return Buffer.concat([
      gzipSync(lines.subarray(0, at), { level: 0 }),
      gzipSync(lines.subarray(at)),
    ]);
  };

  /** Of a file in two members, the first as it is. */
  async function salvagedMembers(change: (file: Buffer) => Uint8Array) {
    const site = await jsonSite(true);
    const path = "b/data.json.gz";
    await patchFile(site.target, path, (bytes) => members(gunzipSync(bytes).toString("latin1")));
    return salvagedLines(
      site,
      (file) => Buffer.from(change(Buffer.from(file, "latin1"))).toString("latin1"),
      path,
    );
  }

  it("is proven in the members that are whole", async () => {
    const { plan, keys } = await salvagedMembers((file) => {
      file[file.length - 40] = (file[file.length - 40] as number) ^ 1;
      return file;
    });
    expect(keys.slice(0, 3)).toEqual(["k0000", "k0001", "k0002"]);
    for (const { keys: range } of plan.losses) expect(range.after).toMatch(/^k000[2345]$/);
  });

  it("is unproven where a damaged member still unpacks: a key may be another", async () => {
    const { plan, keys } = await salvagedMembers((file) => {
      file[file.indexOf('"k0000"') + 1] = "j".charCodeAt(0);
      return file;
    });
    expect(keys).toEqual(["j0000", "k0001", "k0002", "k0003", "k0004", "k0005"]);
    expect(plan.losses.find(({ what }) => what === "unproven")?.keys).toEqual({
      after: null,
      before: "k0003",
    });
  });

  it("is whole behind a member that is not, and before rubbish", async () => {
    const { plan, keys } = await salvagedMembers((file) =>
      Buffer.concat([file.fill(0, 0, 30), Buffer.from("rubbish")]),
    );
    expect(keys).toEqual(["k0003", "k0004", "k0005"]);
    expect(lossesOf(plan)).toEqual([
      { what: "lines", first: 1, count: null, after: null, before: "k0003", changes: 3 },
    ]);
  });

  it("is told to end too early where a whole member is gone at the end", async () => {
    const { plan, keys } = await salvagedMembers((file) =>
      file.subarray(0, file.lastIndexOf(Buffer.of(0x1f, 0x8b, 8, 0))),
    );
    expect(keys).toEqual(["k0000", "k0001", "k0002"]);
    expect(lossesOf(plan)).toEqual([
      { what: "lines", first: 4, count: null, after: "k0002", before: null, changes: 3 },
    ]);
  });

  it("goes by CRC-32 as everybody has it", () => {
    expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
    expect(crc32(new Uint8Array(0))).toBe(0);
  });
});
