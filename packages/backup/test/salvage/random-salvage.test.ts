// Chains drawn at random, damaged at random, salvaged: what an oracle says is left is there, byte for byte, and nothing else;
// what is not as it was lies in the list, and the list names nothing that was not touched.
import {
  changeKey,
  changeVersion,
  type EncodedChange,
  encodeRecord,
  isNadbError,
  isTombstone,
} from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupTarget,
  planSalvage,
  Repository,
  type SalvageLoss,
  type SalvagePlan,
  salvageBackup,
} from "../../src/index.js";
import { copyOf } from "../support/dying.js";
import { sha256Hex } from "../support/files.js";
import { type Files, filesOf } from "../support/overlay.js";
import { type Random, SEED, seeded } from "../support/random.js";
import { type DrawnDamage, drawAnyDamage, drawDataDamage } from "../support/salvage-damages.js";
import {
  covers,
  differing,
  isSame,
  leftOf,
  newestOf,
  recordsIn,
  type State,
  truthOf,
} from "../support/salvage-oracle.js";
import {
  byKey,
  changesIn,
  drawScene,
  type Kind,
  type SalvageScene,
} from "../support/salvage-scenes.js";
import { Clock } from "../support/store.js";

const SCENES = Number(process.env.NADB_SALVAGES || 560) / 20;
const PACKS: readonly Kind[] = ["stored", "gzip", "zstd"];

const open = (target: BackupTarget): Promise<Repository> =>
  Repository.open(target, { clock: new Clock().now });

async function stateIn(repository: Repository, id: string): Promise<State> {
  const records = new Map<string, EncodedChange>();
  for await (const record of repository.readBackup(id))
    records.set(record.key, encodeRecord(record));
  return records;
}

interface Salvaged {
  readonly plan: SalvagePlan;
  readonly state: State;
}

/** Undefined where it is refused, because nothing is damaged or nothing is left. */
async function salvage(target: BackupTarget, tip: string): Promise<Salvaged | "whole" | "nothing"> {
  const repository = await open(target);
  try {
    const plan = await planSalvage(repository, tip, { into: "new" });
    const { info } = await salvageBackup(repository, plan);
    expect(info).toMatchObject({ backupId: "new", label: "salvaged", salvagedFrom: tip });
    expect(await repository.verify("new")).toMatchObject({ ok: true, findings: [] });
    return { plan, state: await stateIn(repository, "new") };
  } catch (error) {
    if (isNadbError(error, "NADB_INVALID_ARGUMENT")) return "whole";
    if (isNadbError(error, "NADB_CORRUPTION")) return "nothing";
    throw error;
  }
}

async function expectUntouched(target: BackupTarget, files: Files): Promise<void> {
  const now = await filesOf(target);
  for (const [path, bytes] of files)
    if (path !== "metadata.json")
      expect([path, sha256Hex(now.get(path) ?? Buffer.of())]).toEqual([path, sha256Hex(bytes)]);
}

/** What lies in a loss of a newer run than the one it comes from. */
function standInsOf(
  loss: SalvageLoss,
  scene: SalvageScene,
  left: readonly (readonly EncodedChange[])[],
  state: State,
) {
  const rank = scene.runs.findIndex(({ id }) => id === loss.backupId);
  const newer = newestOf(left.slice(rank));
  return [...state.keys()].filter((key) => covers(loss, key) && !newer.has(key));
}

/** Then nothing is guessed of what may have stood there. */
const isEndLeft = ({ path, end }: SalvageScene["runs"][number], files: Files): boolean =>
  Buffer.from(files.get(path) ?? []).includes(Buffer.from(end));

function expectTight(
  loss: SalvageLoss,
  scene: SalvageScene,
  files: Files,
  left: readonly (readonly EncodedChange[])[],
): void {
  const rank = scene.runs.findIndex(({ id }) => id === loss.backupId);
  const run = scene.runs[rank] as SalvageScene["runs"][number];
  const kept = byKey(left[rank] as EncodedChange[]);
  for (const key of kept.keys()) expect([loss, covers(loss, key)]).toEqual([loss, false]);
  const lost = changesIn(run).filter(
    (change) => !kept.has(changeKey(change)) && covers(loss, changeKey(change)),
  );
  if (loss.changes !== null) expect([loss, loss.changes]).toEqual([loss, lost.length]);
  expect(loss.changes).not.toBe(0);
  if (isEndLeft(run, files)) expect([loss, lost.length > 0]).toEqual([loss, true]);
}

async function checkPacks(scene: SalvageScene, { files }: DrawnDamage): Promise<string> {
  const target = await copyOf(files);
  const result = await salvage(target, (scene.runs.at(-1) as { id: string }).id);
  await expectUntouched(target, files);
  const truth = truthOf(scene.runs);
  const left = leftOf(scene.runs, files);
  const expected = recordsIn(newestOf(left));
  if (result === "nothing") expect(expected.size).toBe(0);
  if (typeof result === "string") return result;
  const { plan, state } = result;
  expect(differing(state, expected)).toEqual([]);
  const differs = differing(state, truth);
  expect(plan.isComplete).toBe(differs.length === 0);
  for (const key of differs)
    expect([key, plan.losses.some((loss) => covers(loss, key))]).toEqual([key, true]);
  for (const loss of plan.losses) {
    expectTight(loss, scene, files, left);
    const keys = standInsOf(loss, scene, left, state);
    expect(loss.standIns).toEqual({ count: keys.length, keys });
  }
  return plan.isComplete ? "complete" : "salvaged";
}

/** A member with a flipped bit may unpack to the same text: more may be left than its bytes tell, never less. */
function isSaidBy(
  change: EncodedChange | undefined,
  found: EncodedChange | undefined,
  least: EncodedChange,
): boolean {
  if (change === undefined || changeVersion(change) < changeVersion(least)) return false;
  return isTombstone(change) ? found === undefined : isSame(change, found);
}

/** Lines are covered by checksums in part only: what is not exactly as it was must be told to be unproven. */
async function checkJson(scene: SalvageScene, { files }: DrawnDamage): Promise<string> {
  const target = await copyOf(files);
  const result = await salvage(target, (scene.runs.at(-1) as { id: string }).id);
  await expectUntouched(target, files);
  const left = leftOf(scene.runs, files);
  const least = recordsIn(newestOf(left));
  if (result === "nothing") expect(least.size).toBe(0);
  if (result === "whole")
    for (const { path } of scene.runs)
      expect([path, isSame(files.get(path), scene.files.get(path))]).toEqual([path, true]);
  if (typeof result === "string") return result;
  const { plan, state } = result;
  for (const key of differing(state, truthOf(scene.runs)))
    expect([key, plan.losses.some((loss) => covers(loss, key))]).toEqual([key, true]);
  const unproven = plan.losses.filter(({ what }) => what === "unproven");
  const held = scene.runs.map((run) => byKey(changesIn(run)));
  for (const [key, record] of state) {
    const isExplained = held.some((run) => isSame(run.get(key), record));
    if (!isExplained)
      expect([key, unproven.some((loss) => covers(loss, key))]).toEqual([key, true]);
  }
  for (const [i, { id, kind }] of scene.runs.entries())
    for (const change of kind === "json" ? [] : (left[i] as EncodedChange[]))
      expect(unproven.some((loss) => loss.backupId === id && covers(loss, changeKey(change)))).toBe(
        false,
      );
  for (const [key, record] of least) {
    const isNewer = held.some((run) => isSaidBy(run.get(key), state.get(key), record));
    if (!isNewer) expect([key, unproven.some((loss) => covers(loss, key))]).toEqual([key, true]);
  }
  return plan.isComplete ? "complete" : "salvaged";
}

const MAY_REFUSE = ["NADB_NOT_FOUND", "NADB_NEWER_FORMAT", "NADB_NOT_A_REPOSITORY"] as const;

/** Manifests and the index are damaged, too: how far the chain leads is not judged, what comes of it is. */
async function checkManifests(scene: SalvageScene, drawn: DrawnDamage): Promise<string> {
  const { files } = drawn;
  const target = await copyOf(files);
  let result: Awaited<ReturnType<typeof salvage>>;
  try {
    result = await salvage(target, (scene.runs.at(-1) as { id: string }).id);
  } catch (error) {
    if (MAY_REFUSE.some((code) => isNadbError(error, code))) return "refused";
    throw error;
  }
  await expectUntouched(target, files);
  if (typeof result === "string") return result;
  const { plan, state } = result;
  const held = scene.runs.map((run) => byKey(changesIn(run)));
  for (const [key, record] of state)
    expect([key, held.some((run) => isSame(run.get(key), record))]).toEqual([key, true]);
  for (const key of differing(state, truthOf(scene.runs)))
    expect([key, plan.losses.some((loss) => covers(loss, key))]).toEqual([key, true]);
  return plan.isComplete ? "complete" : "salvaged";
}

async function run(
  kinds: readonly Kind[],
  check: (scene: SalvageScene, drawn: DrawnDamage) => Promise<string>,
  random: Random,
  draw = drawDataDamage,
): Promise<Map<string, number>> {
  const results = new Map<string, number>();
  for (let i = 0; i < SCENES; i++) {
    const scene = await drawScene(random, () => kinds[random.int(kinds.length)] as Kind);
    for (let j = 0; j < 20; j++) {
      const drawn = draw(scene.files, scene.runs, random);
      try {
        const result = await check(scene, drawn);
        results.set(result, (results.get(result) ?? 0) + 1);
      } catch (error) {
        const shape = scene.runs.map(({ id, kind }) => `${id} ${kind}`).join(", ");
        throw new Error(`case ${i}.${j} of ${shape}: ${drawn.what}: ${error}`, { cause: error });
      }
    }
  }
  return results;
}

describe(`salvage › damage at random (NADB_SEED=${SEED}, ${SCENES * 20} cases of each)`, () => {
  it("of packs keeps exactly what is left, and lists exactly what is not", async () => {
    const results = await run(PACKS, checkPacks, seeded());
    expect(results.get("salvaged")).toBeGreaterThan(SCENES * 8);
    expect(results.get("complete")).toBeGreaterThan(0);
  }, 240_000);

  it("of JSON keeps what is left, and lists what is not, or is not proven", async () => {
    const results = await run(["json.gz", "json", ...PACKS], checkJson, seeded(SEED + 1));
    expect(results.get("salvaged")).toBeGreaterThan(SCENES * 8);
  }, 240_000);

  it("of manifests and the index keeps what is explained, and lists all that differs", async () => {
    const results = await run(PACKS, checkManifests, seeded(SEED + 2), drawAnyDamage);
    expect(results.get("salvaged")).toBeGreaterThan(SCENES * 4);
    expect(results.get("complete")).toBeGreaterThan(0);
  }, 240_000);
});
