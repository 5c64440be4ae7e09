// What an archive has declared stays promised: a policy that promises less is refused, and none takes it back in silence.
import { describe, expect, it } from "vitest";
import {
  type ArchiveOptions,
  type ArchivePolicy,
  explainArchivePolicy,
  planRepair,
  readDeclaration,
} from "../../src/index.js";
import { refuses } from "../support/fails.js";
import { patchFile, readFile } from "../support/files.js";
import { ManualTimer } from "../support/manual-timer.js";
import { openSite, type Site } from "../support/store.js";

const ID = { db: "default", namespace: "default" };
const level = (everySeconds: number, forSeconds: number) => ({ everySeconds, forSeconds });
const DECLARED: ArchivePolicy = [level(60, 3_600), level(600, 21_600)];

/** A cut each minute, `count` of them behind the first. */
async function archivedSite(count: number, options: ArchiveOptions): Promise<Site> {
  const site = await openSite();
  for (let minute = 0; minute <= count; minute++) {
    await site.store.set("a", String(minute));
    site.clock.time += 60_000;
    await site.backups.archiveOnce(options);
  }
  return site;
}

const declaredBy = async ({ target }: Site) => (await readDeclaration(target, ID))?.policy;

const segmentsOf = async ({ backups }: Site): Promise<number> =>
  (await backups.points()).points.filter(({ kind }) => kind === "segment").length;

describe("the promise › a policy that promises less", () => {
  it.each<[string, ArchivePolicy, string]>([
    ["coarser", [level(3_600, 7_200)], "every full minute for 1 hour, and"],
    ["one level less", [level(600, 21_600)], "every full minute for 1 hour; "],
    [
      "for a shorter time",
      [level(60, 3_600), level(600, 18_000)],
      "every full 10 minutes for 6 hours; ",
    ],
    ["of other steps", [level(45, 3_600), level(90, 21_600)], "every full minute for 1 hour, and"],
  ])("%s is refused, and nothing goes", async (_name, policy, says) => {
    const site = await archivedSite(20, { policy: DECLARED });
    await refuses("NADB_CONFLICT", () => site.backups.archiveOnce({ policy }), says);
    const archiver = site.backups.archive({ policy, timer: new ManualTimer(site.clock) });
    await refuses("NADB_CONFLICT", () => archiver, says);
    expect(await declaredBy(site)).toEqual(DECLARED);
    expect(await segmentsOf(site)).toBe(20);
    await site.backups.archiveOnce({ policy: DECLARED }); // its lease is not held any more
  });

  it("names the points that would go; replacePolicy lets them", async () => {
    const site = await archivedSite(20, { policy: DECLARED });
    const policy = [level(600, 1_200)];
    const [from] = (await site.backups.points()).points.filter(({ kind }) => kind === "segment");
    const since = new Date(from?.effectiveTime as number).toISOString();
    const says = [`points would go, from ${since} to `];
    await refuses("NADB_CONFLICT", () => site.backups.archiveOnce({ policy }), ...says);
    await site.backups.archiveOnce({ policy, replacePolicy: true });
    expect(await declaredBy(site)).toEqual(policy);
    expect(await segmentsOf(site)).toBeLessThan(10);
  });

  it("is no other than one that keeps every level as fine and as long", async () => {
    const site = await archivedSite(2, { policy: DECLARED });
    for (const policy of [
      [level(60, 21_600)],
      [level(1, 60), level(60, 3_600), level(300, 30_000)],
      [level(20, 3_600), level(200, 21_600)],
      null,
    ]) {
      await site.backups.archiveOnce({ policy: DECLARED, replacePolicy: true });
      await site.backups.archiveOnce({ policy });
      expect(await declaredBy(site)).toEqual(policy);
    }
  });

  it("the first one that lets points go is refused, too", async () => {
    const site = await archivedSite(20, {});
    const policy = [level(60, 300)];
    await refuses("NADB_CONFLICT", () => site.backups.archiveOnce({ policy }), "every cut");
    await site.backups.archiveOnce({ policy: [level(60, 3_600)] }); // it lets none go
    expect(await segmentsOf(site)).toBe(20);
  });
});

describe("the promise › what is declared can not be read", () => {
  const PATH = "archive/default/default/archive.json";
  const text = (json: object) => () => Buffer.from(JSON.stringify(json));
  const ours = { format: "nadb-archive", format_version: 1, every_seconds: 60 };
  const DAMAGES: [string, () => Uint8Array][] = [
    ["no JSON", () => Buffer.of(0)],
    ["of another format", text({ ...ours, format: "other" })],
    ["with a version that is none", text({ ...ours, format_version: "1" })],
    ["with levels that are none", text({ ...ours, levels: [{ every_seconds: 0 }] })],
    ["with levels that are no list", text({ ...ours, levels: null })],
    ["without how often it looks", text({ ...ours, every_seconds: undefined })],
  ];
  const NEWER = text({ ...ours, format_version: 2 });

  /** With backups of which the archive needs only the first. */
  async function siteWith(content: () => Uint8Array): Promise<Site> {
    const site = await archivedSite(20, { everySeconds: 60, policy: DECLARED });
    for (const backupId of ["one", "two"]) {
      await site.store.set("a", backupId);
      await site.backups.createBackup({ backupId });
    }
    await patchFile(site.target, PATH, content);
    return site;
  }

  it.each(DAMAGES)(
    "%s: any policy is refused, and everything is kept without one",
    async (_, content) => {
      const site = await siteWith(content);
      const policy = [level(60, 3_600)]; // it lets no point go by now
      await refuses("NADB_CONFLICT", () => site.backups.archiveOnce({ policy }), PATH);
      await site.backups.archiveOnce();
      expect(await declaredBy(site)).toBeNull();
      await patchFile(site.target, PATH, content);
      await site.backups.archiveOnce({ policy, replacePolicy: true });
      expect(await declaredBy(site)).toEqual(policy);
    },
  );

  it("newer: nobody writes over it", async () => {
    const site = await siteWith(NEWER);
    for (const options of [{}, { policy: DECLARED, replacePolicy: true }, { policy: null }])
      await refuses("NADB_NEWER_FORMAT", () => site.backups.archiveOnce(options), PATH);
    expect(Buffer.from(await readFile(site.target, PATH))).toEqual(Buffer.from(NEWER()));
  });

  it.each([...DAMAGES, ["newer", NEWER] as const])(
    "%s: it is told, and no backup goes",
    async (_, content) => {
      const site = await siteWith(content);
      const { ok, findings } = await site.backups.verifyArchive();
      expect(ok).toBe(false);
      expect(findings).toMatchObject([{ backupId: "archive.json" }]);
      const { leftAlone, steps } = await planRepair(site.backups.repository);
      expect(leftAlone).toMatchObject([{ name: PATH }]);
      expect(steps).toEqual([]);
      const { removed } = await site.backups.pruneBackups({ keepLast: 1 });
      expect(removed).toEqual([]);
      await refuses("NADB_CONFLICT", () => site.backups.deleteBackup("one"), "1 point");
      expect((await site.backups.points()).latest).toMatchObject({ id: "two" });
    },
  );

  it.each([...DAMAGES, ["newer", NEWER] as const])(
    "%s: health warns, and judges the lag all the same",
    async (_, content) => {
      const site = await siteWith(content);
      const archive = async () =>
        (await site.backups.backupHealth()).checks.find(({ name }) => name === "archive");
      expect(await archive()).toMatchObject({ status: "warning" });
      expect((await archive())?.reason).toContain(PATH);
      await site.store.set("a", "later");
      site.clock.time += 12_000;
      expect(await archive()).toMatchObject({ status: "warning" });
      site.clock.time += 1_000;
      expect(await archive()).toMatchObject({ status: "critical" });
      expect((await archive())?.reason).toContain("at most 12 s are allowed");
    },
  );
});

describe("the promise › without a policy", () => {
  it("goes on as declared", async () => {
    const site = await archivedSite(20, { policy: [level(60, 300)] });
    await site.backups.archiveOnce();
    const archiver = await site.backups.archive({ timer: new ManualTimer(site.clock) });
    await archiver.stop();
    expect(await declaredBy(site)).toEqual([level(60, 300)]);
    site.clock.time += 3_600_000;
    await site.store.set("a", "later");
    await site.backups.archiveOnce();
    expect(await segmentsOf(site)).toBeLessThan(10);
  });

  it("where none was ever declared, keeps everything", async () => {
    expect(await declaredBy(await archivedSite(1, {}))).toBeNull();
  });
});

describe("the promise › what can not be held", () => {
  const seconds = [level(1, 3_600)];

  it("a step finer than it is looked is refused", async () => {
    const site = await openSite();
    const options = { everySeconds: 60, policy: seconds };
    const says = "every full second can not be promised by looking every 1 minute";
    await refuses("NADB_INVALID_ARGUMENT", () => site.backups.archiveOnce(options), says);
    await refuses("NADB_INVALID_ARGUMENT", () => site.backups.archive(options), says);
    expect(() => explainArchivePolicy(seconds, 60)).toThrow(says);
    expect(explainArchivePolicy(seconds, 1)).toHaveLength(2);
    expect(await declaredBy(site)).toBeUndefined();
  });

  it("also of what is declared", async () => {
    const site = await archivedSite(1, { policy: seconds });
    const seldom = () => site.backups.archiveOnce({ everySeconds: 60 });
    await refuses("NADB_INVALID_ARGUMENT", seldom, "every full second");
    expect((await readDeclaration(site.target, ID))?.everySeconds).toBe(1);
  });

  it("an interval beyond the limit is no promise", () => {
    expect(() => explainArchivePolicy(null, 86_401)).toThrow("up to 86400");
    expect(explainArchivePolicy(null, 86_400)).toEqual(["every cut is kept for ever"]);
  });

  it("an unknown option is refused", async () => {
    const { backups } = await openSite();
    const options = { everySecond: 60 } as ArchiveOptions;
    await refuses("NADB_INVALID_ARGUMENT", () => backups.archiveOnce(options), '"everySecond"');
    await refuses("NADB_INVALID_ARGUMENT", () => backups.archive(options), '"everySecond"');
    expect(await backups.listBackups()).toEqual([]);
  });
});
