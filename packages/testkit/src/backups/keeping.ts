// Steps that keep backups and what they are taken of: trims and clears, deleted backups, verifications, and reading.
import assert from "node:assert/strict";
import { type BackupManager, type Difference, VERIFY_LEVELS, type VerifyLevel } from "@nadb/backup";
import fc from "fast-check";
import { type Content, contentOf, refuses } from "../assertions.js";
import { byUtf8 } from "../runs.js";
import { KEYS, key } from "../sequences/draws.js";
import { steps } from "../sequences/step.js";
import { at, pick } from "./draws.js";
import type { Site } from "./site.js";
import type { Taken } from "./taken.js";

export const trim = steps("trim", fc.record({ at }), async (site: Site, drawn) => {
  const { store, lineage } = site.place(drawn.at);
  const { checkpoint } = await store.storage.head();
  await store.storage.trim(checkpoint);
  lineage.trimmed(checkpoint);
});

export const clear = steps("clear", fc.record({ at }), async (site: Site, drawn) => {
  const { store, oracle, lineage } = site.place(drawn.at);
  await store.clear();
  oracle.clear();
  lineage.replaced();
});

export const remove = steps("deleteBackup", fc.record({ pick }), async (site: Site, drawn) => {
  const taken = site.picked(drawn.pick);
  if (taken === undefined) return;
  const { backups } = site.place("into");
  if (site.childrenOf(taken).length > 0) {
    await refuses("NADB_CONFLICT", () => backups.deleteBackup(taken.backupId));
  } else {
    await backups.deleteBackup(taken.backupId);
    site.taken.splice(site.taken.indexOf(taken), 1);
  }
  await site.assertListed();
});

const drawnLevel = fc.record({ pick, level: fc.constantFrom(...VERIFY_LEVELS) });

export const verify = steps("verify", drawnLevel, async (site: Site, drawn) => {
  const taken = site.picked(drawn.pick);
  if (taken !== undefined) await assertSound(site.place("into").backups, taken, drawn.level);
});

export async function assertSound(
  backups: BackupManager,
  { backupId, digest }: Taken,
  level: VerifyLevel = "full",
): Promise<void> {
  const { ok, findings, stateDigest } = await backups.verifyBackup(backupId, { level });
  assert.deepEqual({ ok, findings, stateDigest }, { ok: true, findings: [], stateDigest: digest });
}

export const look = steps("look", fc.record({ pick, key }), async (site: Site, drawn) => {
  const taken = site.picked(drawn.pick);
  if (taken === undefined) return;
  const { backups } = site.place("into");
  const found = await backups.getFromBackup(taken.backupId, drawn.key);
  const shown = found && contentOf({ ...found, value: new Uint8Array(found.value) });
  const expected = taken.records.find(({ key }) => key === drawn.key);
  assert.deepEqual(shown, expected, `${JSON.stringify(drawn.key)} in ${taken.backupId}`);
});

const drawnPair = fc.record({ before: pick, after: pick });

export const compare = steps("diff", drawnPair, async (site: Site, drawn) => {
  const [before, after] = [site.picked(drawn.before), site.picked(drawn.after)];
  if (before === undefined || after === undefined) return;
  const found: Difference[] = [];
  const { backups } = site.place("into");
  for await (const one of backups.diffBackups(before.backupId, after.backupId)) found.push(one);
  assert.deepEqual(found, differences(before.records, after.records), "the differences");
});

function differences(before: readonly Content[], after: readonly Content[]): Difference[] {
  return KEYS.toSorted(byUtf8).flatMap((key): Difference[] => {
    const [old, now] = [before, after].map((all) => all.find((one) => one.key === key));
    if (old === undefined && now === undefined) return [];
    if (old === undefined) return [{ type: "added", key }];
    if (now === undefined) return [{ type: "deleted", key }];
    const value = Buffer.compare(old.value, now.value) !== 0;
    const tags = old.tags.join("\0") !== now.tags.join("\0");
    const expiresAt = old.expiresAt !== now.expiresAt;
    return value || tags || expiresAt ? [{ type: "changed", key, value, tags, expiresAt }] : [];
  });
}
