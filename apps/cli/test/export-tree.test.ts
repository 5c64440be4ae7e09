// Export over a backend without snapshots, whose feed may send a key again.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { encodeRecord, encodeTombstone, type StorageNamespace } from "@nadb/core";
import { expect, it } from "vitest";
import { exportTree } from "../src/export-tree.js";

const record = (key: string, text: string, version: number) =>
  encodeRecord({ key, value: Buffer.from(text), tags: [], createdAt: 1, updatedAt: 1, version });

it("export › of a key sent again the last change stands", async () => {
  const folder = mkdtempSync(join(tmpdir(), "nadb-export-"));
  const changes = [
    record("a", "old", 1),
    record("gone", "x", 2),
    record("a", "new", 3),
    encodeTombstone({ key: "gone", version: 4, deletedAt: 1 }),
    record("gone/now", "y", 5),
  ];
  const end = { checkpoint: "c", count: 2, bytes: 4, digest: "" };
  const namespace = {
    async *changes() {
      yield { changes };
      yield { changes: [], end };
    },
  };
  try {
    const { signal } = new AbortController();
    await exportTree(namespace as unknown as StorageNamespace, join(folder, "out"), { signal });
    expect(readFileSync(join(folder, "out/a"), "utf8")).toBe("new");
    expect(readdirSync(join(folder, "out"), { recursive: true }).sort()).toEqual([
      "a",
      "gone",
      "gone/now",
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
