// What work costs in a repository of thousands of backups, and beside an archive of tens of thousands of segments: each row
// beside the same work in the smallest one. How often it asks its target stands behind its name.
import { BackupManager, directoryTarget } from "@nadb/backup";
import { counting } from "../folder-target.mjs";
import { timed } from "../measure.mjs";
import { whole } from "../numbers.mjs";
import { archiveOf, CHAIN, repositoryOf } from "../repositories.mjs";

export const repository = { name: "repository", run };

const POLICY = [
  { everySeconds: 1, forSeconds: 60 },
  { everySeconds: 60, forSeconds: 90 * 86_400 },
];

async function run({ folders, runs, quick, note }) {
  const rounds = Math.min(runs, 3);
  const backups = quick ? [100, 300] : [100, 1_000, 10_000];
  const segments = quick ? [100, 500] : [100, 50_000];
  const ofBackups = [];
  for (const count of backups) {
    note(`${whole(count)} backups`);
    ofBackups.push(await measureBackups(await repositoryOf(folders, count), count, rounds));
  }
  const ofSegments = [];
  for (const count of segments) {
    note(`${whole(count)} segments`);
    ofSegments.push(await measureArchive(await archiveOf(folders, count), rounds));
  }
  return [...rowsOf(ofBackups, backups, "backups"), ...rowsOf(ofSegments, segments, "segments")];
}

/** Rows of one kind of work stand together, the smallest repository is the peer of the others. */
function rowsOf(measured, sizes, what) {
  const [smallest] = measured;
  return Object.keys(smallest).flatMap((work) =>
    measured.map(({ [work]: { samples, asked } }, i) => {
      const peer = { name: `among ${whole(sizes[0])}`, samples: smallest[work].samples };
      const row = { what: `${work}, among ${whole(sizes[i])} ${what} (${asked})`, samples };
      return i === 0 ? row : { ...row, peer, goal: goalOf(work, sizes[i]) };
    }),
  );
}

/** A backup among a thousand takes little more than a tenth of a second in all. */
const goalOf = (work, size) =>
  size === 1_000 && work.endsWith(" backup") ? { milliseconds: 150 } : undefined;

class Site {
  measured = {};

  constructor(site) {
    this.site = site;
    const { target, counts } = counting(directoryTarget(site.folder));
    this.target = target;
    this.counts = counts;
  }

  async open() {
    this.manager = await BackupManager.open({ ...this.site, target: this.target });
    return this;
  }

  async change() {
    this.site.time.now += 1_000;
    await this.site.store.set("key-1", Buffer.from(String(this.site.time.now)));
  }

  /** The first round does not count. */
  async take(work, round, step, pieces = 1) {
    const before = { ...this.counts };
    const sample = await timed(pieces, step);
    if (round === 0) return;
    const asked = Object.entries(this.counts)
      .map(([name, count]) => [name, count - before[name]])
      .filter(([, count]) => count > 0)
      .map(([name, count]) => `${whole(count)} ${name}`)
      .join(", ");
    this.measured[work] ??= { samples: [], asked };
    this.measured[work].samples.push(sample);
  }
}

async function measureBackups(made, count, rounds) {
  const site = await new Site(made).open();
  const { manager } = site;
  const left = (await manager.listBackups()).length;
  const going = Math.ceil(count / 100 / (CHAIN + 1)) * (CHAIN + 1); // whole chains: a hundredth, or one
  for (let round = 0; round <= rounds; round++) {
    const take = (work, step, pieces) => site.take(work, round, step, pieces);
    const policy = { keepLast: left + 2 * (round + 1) - going * (round + 1) };
    await take("listing", () => manager.listBackups());
    await take("getting one", () => manager.getBackup(made.last));
    await site.change();
    await take("full backup", () => manager.createBackup({ backupId: `full-${round}` }));
    await site.change();
    const parent = `full-${round}`;
    await take("incremental backup", () =>
      manager.createIncrementalBackup(parent, { backupId: `incremental-${round}` }),
    );
    await take("verifying one", () => manager.verifyBackup(made.last));
    await take("planning to prune", () => manager.planPrune(policy));
    if (round <= 2 && policy.keepLast > 0)
      await take(`pruning ${going}`, () => manager.pruneBackups(policy), going);
    await take("health", () => manager.backupHealth());
  }
  return renamed(site.measured);
}

/** Pruning is counted by the backup: it stands under one name, however many go. */
function renamed(measured) {
  const entries = Object.entries(measured).map(([work, taken]) =>
    work.startsWith("pruning")
      ? ["pruning", { ...taken, asked: `${work.slice(8)} go: ${taken.asked}` }]
      : [work, taken],
  );
  return Object.fromEntries(entries);
}

async function measureArchive(made, rounds) {
  const site = await new Site(made).open();
  const { manager } = site;
  for (let round = 0; round <= rounds; round++) {
    const take = (work, step) => site.take(work, round, step);
    await take("points", () => manager.points());
    const early = made.begin + 20_000;
    await take("plan to restore the 20th second", () => manager.planRestore({ at: early }));
    await site.change();
    await take("one more segment", () => manager.archiveOnce());
    await take("lag", () => manager.archiveLag());
  }
  await site.change();
  await site.take("compaction of all, once", 1, () => manager.archiveOnce({ policy: POLICY }));
  await site.take("points, once it is compacted", 1, () => manager.points());
  return site.measured;
}
