// A prepared restore of a set: all of its backups are held from the plan to the end.
import { describe, expect, it } from "vitest";
import { backupAllNamespaces, deleteLabel, prepareRestoreAllNamespaces } from "../../src/index.js";
import { backupsBeingRead } from "../../src/readers.js";
import { refuses } from "../support/fails.js";
import { ManualTimer } from "../support/manual-timer.js";
import { contentsOf, openBackend, openRepository, openSetSite } from "../support/sets.js";

describe("a prepared restore of a set ›", () => {
  it("is carried out as planned when the set was deleted meanwhile, into another backend", async () => {
    const { backend, repository, target, clock } = await openSetSite();
    await backupAllNamespaces({ backend, repository, label: "monday" });
    const then = await contentsOf(backend);
    const timer = new ManualTimer(clock);
    const reader = await openRepository(target, clock);
    const empty = await openBackend();
    const set = { repository: reader, label: "monday", backend: empty, timer };
    const prepared = await prepareRestoreAllNamespaces(set);
    expect(prepared.backups).toEqual(await repository.list());
    const plans = await prepared.plan();
    expect(plans.map(({ add }) => add)).toEqual([2, 1, 1]);
    await timer.pass(600_000);
    await deleteLabel(repository, "monday");
    await repository.sweepLeftovers();
    const other = await openBackend();
    const restored = await prepared.execute({ backend: other });
    expect(restored.map(({ recordCount }) => recordCount)).toEqual([2, 1, 1]);
    expect(await contentsOf(other)).toEqual(then);
    expect(await contentsOf(empty)).not.toEqual(then);
    await prepared[Symbol.asyncDispose]();
    expect(await backupsBeingRead(target, clock.time)).toEqual(new Set());
  });

  it("that is not whole is refused, and holds nothing", async () => {
    const { backend, repository, target } = await openSetSite();
    await backupAllNamespaces({ backend, repository, label: "monday" });
    await repository.delete("monday.a.two");
    const prepare = () => prepareRestoreAllNamespaces({ backend, repository, label: "monday" });
    await refuses("NADB_CORRUPTION", prepare);
    expect(await target.list("readers")).toEqual([]);
  });
});
