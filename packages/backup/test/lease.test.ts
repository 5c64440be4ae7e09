// Who may write a backup: of several writers of one id one wins, a dead one is replaced, and one that has lost its
// lease publishes nothing.
import { spawnSync } from "node:child_process";
import { type ChangePage, type KeyValueStore, NadbError, type StorageNamespace } from "@nadb/core";
import { describe, expect, it } from "vitest";
import {
  type BackupManager,
  type BackupTarget,
  directoryTarget,
  memoryTarget,
} from "../src/index.js";
import { Lease } from "../src/lease.js";
import { failureOf, refuses } from "./support/fails.js";
import { pathsOf, readFile, temporaryFolder, writeFile } from "./support/files.js";
import { SteppingTarget } from "./support/stepping-target.js";
import { Clock, fill, measure, openManager, openStore } from "./support/store.js";

const MINUTE = 60_000;
const random = (bytes: Uint8Array): void => void crypto.getRandomValues(bytes);

/** Holds its writer up in the middle of the feed until it is let go on. */
class Gate {
  #open = (): void => undefined;
  #arrive = (): void => undefined;
  readonly #opened = new Promise<void>((resolve) => {
    this.#open = resolve;
  });
  readonly reached = new Promise<void>((resolve) => {
    this.#arrive = resolve;
  });

  pass(): Promise<void> {
    this.#arrive();
    return this.#opened;
  }

  open(): void {
    this.#open();
  }
}

/** A store whose feed stands still at a gate before its last page. */
function gated(store: KeyValueStore, gate: Gate): StorageNamespace {
  async function* changes(): AsyncGenerator<ChangePage> {
    for await (const page of store.storage.changes(null)) {
      await gate.pass();
      yield page;
    }
  }
  return { id: store.storage.id, changes } as unknown as StorageNamespace;
}

const restoredDigest = async (target: BackupTarget, backupId: string): Promise<string> => {
  const copy = await openStore();
  await (await openManager(copy, target)).restoreBackup(backupId, { clearExisting: true });
  return (await measure(copy.storage)).digest;
};

describe("lease › two writers of one id", () => {
  const makers = [
    ["memory", memoryTarget],
    ["directory", () => directoryTarget(temporaryFolder())],
  ] as const;

  it.each(makers)("at once: one wins, the others are refused (%s)", async (_, make) => {
    const target = make();
    const stores = await Promise.all([1, 2, 3, 4].map(() => openStore()));
    for (const [i, store] of stores.entries()) await fill(store, 50 + i);
    const managers: BackupManager[] = [];
    for (const store of stores) managers.push(await openManager(store, target));
    const outcomes = await Promise.allSettled(
      managers.map((manager) => manager.createBackup({ backupId: "b" })),
    );
    const won = outcomes.flatMap((outcome) =>
      outcome.status === "fulfilled" ? [outcome.value] : [],
    );
    expect(won).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === "fulfilled") continue;
      expect(["NADB_LOCKED", "NADB_ALREADY_EXISTS"]).toContain(outcome.reason.code);
    }
    expect(await restoredDigest(target, "b")).toBe(won[0]?.stateDigest);
    expect(await pathsOf(target)).toEqual(["b/data.nadb", "b/metadata.json", "metadata.json"]);
  });

  it("the second, while the first is at work, is refused and disturbs nothing", async () => {
    const [target, gate] = [memoryTarget(), new Gate()];
    const store = await openStore();
    await fill(store, 10);
    const first = (await openManager(gated(store, gate), target)).createBackup({ backupId: "b" });
    await gate.reached;
    const other = await openManager(store, target);
    await refuses("NADB_LOCKED", () => other.createBackup({ backupId: "b" }), '"b"');
    await other.createBackup({ backupId: "c" }); // another id is free, and its sweep spares the first
    gate.open();
    const { stateDigest } = await first;
    expect(await restoredDigest(target, "b")).toBe(stateDigest);
  });

  it("a second that looked before the first published, and goes on after, writes nothing over it", async () => {
    const inner = memoryTarget();
    const store = await openStore();
    await fill(store, 10);
    const first = await openManager(store, inner);
    let made = false;
    const late = new SteppingTarget(inner, {
      onStep: async (_, what) => {
        if (what !== "list b" || made) return; // it looks for leases, having found no manifest
        made = true;
        await first.createBackup({ backupId: "b" });
      },
    });
    const second = await openManager(store, late);
    await refuses("NADB_ALREADY_EXISTS", () => second.createBackup({ backupId: "b" }));
    expect(made).toBe(true);
    expect(await first.verifyBackup("b", { record: false })).toMatchObject({ ok: true });
    expect(await pathsOf(inner)).toEqual(["b/data.nadb", "b/metadata.json", "metadata.json"]);
  });
});

describe("lease › of a writer that is gone", () => {
  async function holdForever(target: BackupTarget, clock: Clock): Promise<void> {
    await writeFile(target, "b/data.nadb", "half of it");
    await Lease.acquire(target, "b", { clock: clock.now, random });
  }

  it("ends a minute after it was renewed last, to the millisecond", async () => {
    const [target, clock] = [memoryTarget(), new Clock()];
    const backups = await openManager(await openStore(), target, clock);
    await holdForever(target, clock);
    clock.time += MINUTE - 1;
    await refuses("NADB_LOCKED", () => backups.createBackup({ backupId: "b" }));
    clock.time += 1;
    await backups.createBackup({ backupId: "b" });
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it("is taken over at once when its process on this machine is dead", async () => {
    const folder = temporaryFolder();
    const target = directoryTarget(folder);
    const backups = await openManager(await openStore(), target);
    const dead = spawnSync(process.execPath, ["-e", ""]).pid;
    await holdForever(target, new Clock());
    const path = "b/lease-000001.json";
    const lease = JSON.parse(Buffer.from(await readFile(target, path)).toString());
    expect(lease.owner).toBe(target.owner);
    const owner = target.owner.replace(/\d+$/, String(dead));
    await writeFile(target, path, JSON.stringify({ ...lease, owner }));
    await backups.createBackup({ backupId: "b" });
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it("is no lease when it ends in a year: a clock was wrong, and nobody waits for it", async () => {
    const [target, clock] = [memoryTarget(), new Clock()];
    const backups = await openManager(await openStore(), target, clock);
    await holdForever(target, new Clock(clock.time + 365 * 24 * 60 * MINUTE));
    await backups.createBackup({ backupId: "b" });
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it("is respected when its process is alive, or of another machine", async () => {
    const target = directoryTarget(temporaryFolder());
    const backups = await openManager(await openStore(), target);
    for (const owner of [target.owner, target.owner.replace(/\d+$/, String(process.ppid)), "x 1"]) {
      await writeFile(
        target,
        "b/lease-000001.json",
        JSON.stringify({ owner, expiresAt: new Clock().time + 1, nonce: "a" }),
      );
      await refuses("NADB_LOCKED", () => backups.createBackup({ backupId: "b" }));
    }
  });
});

describe("lease › of a writer at work", () => {
  it("is renewed while it works, so it outlasts a minute", async () => {
    const [target, clock] = [memoryTarget(), new Clock()];
    const store = await openStore();
    await fill(store, 4_000, 2_000);
    const backups = await openManager(store, target, clock);
    const other = await openManager(store, target, clock);
    let refused = 0;
    const pages: Promise<void>[] = [];
    await backups.createBackup({
      backupId: "b",
      onProgress: () => {
        clock.time += 20_000;
        pages.push(
          refuses("NADB_LOCKED", () => other.createBackup({ backupId: "b" })).then(
            () => void refused++,
            () => undefined, // it came after the end
          ),
        );
      },
    });
    await Promise.all(pages);
    expect(clock.time - new Clock().time).toBeGreaterThan(2 * MINUTE);
    expect(refused).toBeGreaterThan(3);
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
  });

  it("outlasts a clock that is set back by an hour, before another sweeps", async () => {
    const [target, clock] = [memoryTarget(), new Clock()];
    const store = await openStore();
    await fill(store, 4_000, 2_000);
    const backups = await openManager(store, target, clock);
    const other = await openManager(store, target, clock);
    let calls = 0;
    let made: Promise<unknown> | undefined;
    await backups.createBackup({
      backupId: "b",
      onProgress: () => {
        calls++;
        clock.time += calls === 2 ? -60 * MINUTE : 1_000;
        if (calls === 5) made = other.createBackup({ backupId: "c" });
      },
    });
    expect(made).toBeDefined();
    await made;
    for (const id of ["b", "c"]) expect(await other.verifyBackup(id)).toMatchObject({ ok: true });
  });

  /** A writer that stood still for over a minute in the middle of its work; then `meanwhile` happens. */
  async function zombie(meanwhile: (target: BackupTarget, clock: Clock) => Promise<unknown>) {
    const [target, clock, gate] = [memoryTarget(), new Clock(), new Gate()];
    const store = await openStore();
    await fill(store, 10);
    const manager = await openManager(gated(store, gate), target, clock);
    const outcome = failureOf(() => manager.createBackup({ backupId: "b" }));
    await gate.reached;
    clock.time += MINUTE;
    await meanwhile(target, clock);
    gate.open();
    return { target, error: await outcome };
  }

  it("a zombie publishes nothing once another has made the backup", async () => {
    const other = await openStore();
    await fill(other, 3);
    const { target, error } = await zombie(async (at, clock) =>
      (await openManager(other, at, clock)).createBackup({ backupId: "b" }),
    );
    expect(error).toMatchObject({ code: expect.stringMatching(/NADB_(LOCKED|ALREADY_EXISTS)/) });
    expect(await restoredDigest(target, "b")).toBe((await other.storage.head()).digest);
  });

  it("nor once another has made and deleted it", async () => {
    const { target, error } = await zombie(async (at, clock) => {
      const other = await openManager(await openStore(), at, clock);
      await other.createBackup({ backupId: "b" });
      await other.deleteBackup("b");
    });
    expect(error).toMatchObject({ code: "NADB_LOCKED" });
    expect(await (await openManager(await openStore(), target)).listBackups()).toEqual([]);
  });

  it("nor once another has taken the id and is still at work, under the same token", async () => {
    const second = new Gate();
    const store = await openStore();
    await fill(store, 3);
    let late: Promise<unknown> | undefined;
    const { target, error } = await zombie(async (at, clock) => {
      // A sweep removes what the zombie has, its lease too, so tokens begin anew.
      await (await openManager(store, at, clock)).createBackup({ backupId: "sweeper" });
      expect(await pathsOf(at)).not.toContain("b/lease-000001.json");
      const other = await openManager(gated(store, second), at, clock);
      late = other.createBackup({ backupId: "b" });
      await second.reached;
    });
    expect(error).toMatchObject({ code: "NADB_LOCKED" });
    second.open();
    await late;
    expect(await restoredDigest(target, "b")).toBe((await store.storage.head()).digest);
  });

  it("a zombie removes nothing of the writer that took over", async () => {
    const second = new Gate();
    const store = await openStore();
    await fill(store, 3);
    let late: Promise<unknown> | undefined;
    const { target } = await zombie(async (at, clock) => {
      const other = await openManager(gated(store, second), at, clock);
      late = other.createBackup({ backupId: "b" });
      await second.reached;
    });
    second.open();
    await late;
    expect(await restoredDigest(target, "b")).toBe((await store.storage.head()).digest);
  });

  it("one whose own clock stood still finds out before its manifest, and spares the other", async () => {
    const [inner, gate, clock] = [memoryTarget(), new Gate(), new Clock()];
    const [store, other] = await Promise.all([openStore(), openStore()]);
    await fill(store, 3);
    await fill(other, 5);
    let taken: Promise<unknown> | undefined;
    const target = new SteppingTarget(inner, {
      onStep: async (_, what) => {
        if (what !== "read on b/data.nadb" || taken !== undefined) return;
        const ahead = new Clock(clock.time + MINUTE);
        taken = (await openManager(gated(other, gate), inner, ahead)).createBackup({
          backupId: "b",
        });
        await gate.reached;
      },
    });
    const backups = await openManager(store, target, clock);
    await refuses("NADB_LOCKED", () => backups.createBackup({ backupId: "b" }));
    expect(await pathsOf(inner)).not.toContain("b/metadata.json");
    gate.open();
    await taken;
    expect(await restoredDigest(inner, "b")).toBe((await other.storage.head()).digest);
  });

  it("one whose lease was taken just before its manifest does not say that it succeeded", async () => {
    const [inner, clock] = [memoryTarget(), new Clock()];
    const store = await openStore();
    await fill(store, 3);
    let once = false;
    const target = new SteppingTarget(inner, {
      onStep: async (_, what) => {
        if (what !== "write on b/metadata.json" || once) return;
        once = true;
        clock.time += MINUTE;
        await Lease.acquire(inner, "b", { clock: clock.now, random });
      },
    });
    const backups = await openManager(store, target, clock);
    await refuses("NADB_LOCKED", () => backups.createBackup({ backupId: "b" }));
    expect(once).toBe(true);
  });
});

describe("lease › of a deletion", () => {
  async function prepare() {
    const [target, clock] = [memoryTarget(), new Clock()];
    const store = await openStore();
    await fill(store, 3);
    const backups = await openManager(store, target, clock);
    await backups.createBackup({ backupId: "b" });
    return { target, clock, store, backups };
  }

  it("is refused while somebody alive holds the folder", async () => {
    const { target, clock, backups } = await prepare();
    await Lease.acquire(target, "b", { clock: clock.now, random });
    await refuses("NADB_LOCKED", () => backups.deleteBackup("b"), '"b"');
    expect(await backups.verifyBackup("b")).toMatchObject({ ok: true });
    clock.time += MINUTE;
    await backups.deleteBackup("b");
    expect(await backups.listBackups()).toEqual([]);
  });

  it("that stood still for a minute removes nothing of whoever came after", async () => {
    const { target, clock, store } = await prepare();
    let came = false;
    const stepping = new SteppingTarget(target, {
      onStep: async (_, what) => {
        if (what !== "wrote metadata.json" || came) return;
        came = true;
        clock.time += MINUTE;
        const other = await openManager(store, target, clock);
        await other.deleteBackup("b");
        await other.createBackup({ backupId: "b" });
      },
    });
    const slow = await openManager(store, stepping, clock);
    await refuses("NADB_LOCKED", () => slow.deleteBackup("b"));
    expect(came).toBe(true);
    expect(await restoredDigest(target, "b")).toBe((await store.storage.head()).digest);
  });
});

describe("lease › that has ended", () => {
  function prepare() {
    const [target, clock] = [memoryTarget(), new Clock()];
    const host = { clock: clock.now, random };
    return {
      target,
      clock,
      host,
      acquire: (at: BackupTarget = target) => Lease.acquire(at, "b", host),
    };
  }

  /** A lease whose holder stands still once, before the step; meanwhile `meanwhile` happens. */
  async function stalled(
    at: string,
    meanwhile: (site: ReturnType<typeof prepare>) => Promise<unknown>,
  ) {
    const site = prepare();
    let armed = false;
    const target = new SteppingTarget(site.target, {
      onStep: async (_, what) => {
        if (what !== at || !armed) return;
        armed = false;
        await meanwhile(site);
      },
    });
    const lease = await site.acquire(target);
    armed = true;
    return { ...site, lease, wasReached: () => !armed };
  }

  it("is taken again when nobody came meanwhile, and released with all of its files", async () => {
    const { target, clock, acquire } = prepare();
    const lease = await acquire();
    clock.time += 10 * MINUTE;
    await lease.renew();
    await lease.confirm();
    await refuses("NADB_LOCKED", acquire);
    expect(lease.token).toBe(2);
    await lease.release();
    expect(await pathsOf(target)).toEqual([]);
  });

  it.each([
    ["in time, and stands still before the write", 20_000, "write b/lease-000001.json"],
    ["too late, and stands still before it takes it again", MINUTE, "write b/lease-000002.json"],
  ])(
    "is lost to whoever held it meanwhile, though nothing of that is left: renewed %s",
    async (_, late, step) => {
      const { target, clock, lease, wasReached } = await stalled(step, async (site) => {
        site.clock.time += MINUTE;
        await (await site.acquire()).release();
        expect(await pathsOf(site.target)).toEqual([]);
      });
      clock.time += late;
      await refuses("NADB_LOCKED", () => lease.renew());
      expect(wasReached()).toBe(true);
      await refuses("NADB_LOCKED", () => lease.confirm());
      expect(await pathsOf(target)).toEqual([]);
    },
  );

  it("does not come back when the file that it made can not be removed", async () => {
    const { clock, lease } = await stalled(
      "write b/lease-000001.json",
      async ({ clock, target }) => {
        clock.time += MINUTE;
        target.remove = () => Promise.reject(new NadbError("NADB_IO", "it is away"));
      },
    );
    clock.time += 20_000;
    await refuses("NADB_LOCKED", () => lease.renew());
    await refuses("NADB_LOCKED", () => lease.confirm());
  });

  it.each([false, true])(
    "is lost once a sweep has begun, whenever its holder wakes (files listed backwards: %s)",
    async (isBackwards) => {
      let wasReached = true;
      let swept = 0;
      for (let at = 1; wasReached; at++) {
        wasReached = false;
        const { target, clock, acquire } = prepare();
        const store = await openStore();
        await (await openManager(store, target, clock)).createBackup({ backupId: "first" });
        const lease = await acquire();
        await writeFile(target, "b/data.nadb", "half of it");
        clock.time += MINUTE;
        const list = target.list.bind(target);
        if (isBackwards) target.list = async (folder) => [...(await list(folder))].reverse();
        const sweeping = new SteppingTarget(target, {
          onStep: async (step) => {
            if (step !== at) return;
            wasReached = true;
            await lease.renew().catch(() => undefined);
          },
        });
        await (await openManager(store, sweeping, clock)).createBackup({ backupId: "other" });
        const isThere = (await pathsOf(target)).includes("b/data.nadb");
        expect({ at, isThere }).toEqual({ at, isThere: await lease.isOurs() });
        if (!isThere) swept++;
      }
      expect(swept).toBeGreaterThan(20);
    },
  );

  it("removes no lease that somebody else holds under its token", async () => {
    const { clock, acquire } = prepare();
    const lease = await acquire();
    clock.time += MINUTE;
    await (await acquire()).release();
    const other = await acquire();
    expect(other.token).toBe(lease.token);
    await lease.release();
    await other.confirm();
  });

  it("is renewed at once when the clock was set back: its end would lie too far off to count", async () => {
    const { clock, acquire } = prepare();
    for (const back of [1, MINUTE, 61_000, 24 * 60 * MINUTE]) {
      const lease = await acquire();
      clock.time -= back;
      await lease.renew();
      await refuses("NADB_LOCKED", acquire);
      await lease.release();
    }
  });
});
