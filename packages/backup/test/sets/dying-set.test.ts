// A set on a target that dies, or fails once, at every single step: older sets stay whole, half a set is never taken for
// one, and when it has been deleted the set is taken again.
import { describe, expect, it } from "vitest";
import {
  type BackupManager,
  backupAllNamespaces,
  deleteLabel,
  getSet,
  Repository,
  restoreAllNamespaces,
} from "../../src/index.js";
import {
  copyOf,
  dieAtEveryStep,
  expectSound,
  failAtEveryStep,
  nextProcess,
  type Scene,
} from "../support/dying.js";
import { refuses } from "../support/fails.js";
import { pathsOf } from "../support/files.js";
import { filesOf } from "../support/overlay.js";
import { contentsOf, openBackend, openSetSite, type SetSite, write } from "../support/sets.js";
import { Clock, openStore } from "../support/store.js";

const MINUTE = 60_000;

/** The whole set "old", and a store that has changed since; fresh files for each death. */
async function scenes(): Promise<{ made: SetSite; scene: () => Promise<Scene> }> {
  const made = await openSetSite();
  const { backend, repository, target } = made;
  await backupAllNamespaces({ backend, repository, label: "old" });
  await write(backend, "a/one", { x: undefined, z: "5" });
  await write(backend, "b/one", { y: "6" });
  const files = await filesOf(target);
  const store = await openStore();
  return { made, scene: async () => ({ store, target: await copyOf(files), clock: new Clock() }) };
}

const NEW = ["new.a.one", "new.a.two", "new.b.one"];
const OLD = ["old.a.one", "old.a.two", "old.b.one"];

describe.each([
  ["full", false],
  ["incremental", true],
])("a dying target › a set of %s backups", (_, incremental) => {
  const take =
    ({ backend }: SetSite) =>
    ({ repository }: BackupManager) =>
      backupAllNamespaces({ backend, repository, label: "new", incremental });

  /** Whatever is left of "new" is known for what it is, and goes; then it is taken. */
  async function finish(manager: BackupManager, made: SetSite, scene: Scene): Promise<number> {
    const { repository } = manager;
    const listed = await expectSound(manager);
    expect(await getSet(repository, "old")).toHaveLength(3);
    const ofNew = listed.filter((id) => id.startsWith("new."));
    if (ofNew.length === 3) expect(await getSet(repository, "new")).toHaveLength(3);
    else if (ofNew.length > 0) {
      const restore = () =>
        restoreAllNamespaces({ backend: made.backend, repository, label: "new" });
      await refuses("NADB_CORRUPTION", restore, `of 3 backups taken together there are`);
      await refuses("NADB_ALREADY_EXISTS", () => take(made)(manager));
    }
    if (ofNew.length > 0) await deleteLabel(repository, "new");
    await take(made)(manager);
    const backend = await openBackend();
    await restoreAllNamespaces({ backend, repository, label: "new" });
    expect(await contentsOf(backend)).toEqual(await contentsOf(made.backend));
    const ids = [...NEW, ...OLD].flatMap((id) => [`${id}/data.nadb`, `${id}/metadata.json`]);
    expect(await pathsOf(scene.target)).toEqual(["metadata.json", ...ids].sort());
    return ofNew.length;
  }

  it("killed at each step: half sets are recognised, older ones are whole", {
    timeout: 120_000,
  }, async () => {
    const { made, scene } = await scenes();
    const halves: number[] = [];
    const deaths = await dieAtEveryStep(scene, take(made), async (one) => {
      halves.push(await finish(await nextProcess(one), made, one));
    });
    expect(deaths).toBeGreaterThan(100);
    expect(halves[0]).toBe(0);
    expect([1, 2, 3].every((count) => halves.includes(count))).toBe(true);
  });

  it("failing once at each step: the call has taken back what it made", async () => {
    const { made, scene } = await scenes();
    let whole = 0;
    await failAtEveryStep(scene, take(made), async (manager, failed, one) => {
      one.clock.time += MINUTE; // a lease that could not be withdrawn ends
      const repository = await Repository.open(one.target, { clock: one.clock.now });
      const listed = await repository.list();
      expect(listed).toHaveLength(failed ? 3 : 6);
      whole += failed ? 0 : 1;
      await finish(manager, made, one);
    });
    expect(whole).toBeGreaterThan(0);
  });
});
