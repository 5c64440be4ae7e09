// The health of all namespaces: which are looked at, that the worst of them wins, and that nothing known is no health.
import {
  COPIES_NAMESPACE,
  memoryBackend,
  NadbError,
  type NamespaceId,
  type StorageBackend,
} from "@nadb/core";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  backendTarget,
  backupAllNamespaces,
  type HealthLimits,
  type HealthOfAll,
  type HealthOfAllOptions,
  healthOfAllNamespaces,
  memoryTarget,
  prometheusText,
  Repository,
} from "../../src/index.js";
import { override } from "../support/override.js";
import { Clock } from "../support/store.js";

const ids: readonly NamespaceId[] = [
  { db: "a", namespace: "x" },
  { db: "a", namespace: "y" },
  { db: "b", namespace: "x" },
];
const unjudged: HealthLimits = { maxUnverifiedSeconds: null, maxUndrilledSeconds: null };

/** A backend of three namespaces and one of a drill, and a set of backups of them. */
async function setSite() {
  const clock = new Clock();
  const target = memoryTarget();
  const backend: StorageBackend = memoryBackend({ clock: clock.now });
  await backend.open();
  onTestFinished(() => backend.close());
  const write = async (id: NamespaceId, key = "k") =>
    (await backend.namespace(id)).commit([{ type: "put", key, value: new Uint8Array(3) }]);
  for (const id of ids) await write(id);
  const repository = await Repository.open(target, { clock: clock.now, create: true });
  await backupAllNamespaces({ backend, repository, label: "set" });
  await write({ db: "a", namespace: "nadb-drill-0123456789abcdef" });
  const health = (
    options: Partial<HealthOfAllOptions> = {},
    limits: Parameters<typeof healthOfAllNamespaces>[1] = unjudged,
  ) =>
    healthOfAllNamespaces(
      {
        clock: clock.now,
        repository: async () => repository,
        source: async () => backend,
        ...options,
      },
      limits,
    );
  return { backend, target, repository, clock, write, health };
}

/** As "a/x ok". */
const told = ({ namespaces }: HealthOfAll): string[] =>
  namespaces.map(({ db, namespace, status }) => `${db}/${namespace} ${status}`);

const failing = () => Promise.reject(new NadbError("NADB_IO", "it is away"));

describe("the health of all namespaces", () => {
  it("is that of each, by name, those that are no data left out, and told", async () => {
    const { health, write, backend } = await setSite();
    await Repository.open(backendTarget(backend), { create: true });
    const copies = { db: "a", namespace: COPIES_NAMESPACE };
    await write(copies);
    const all = await health();
    expect(all.leftOut).toEqual([
      { db: "a", namespace: "nadb-drill-0123456789abcdef", holds: "drill" },
      { ...copies, holds: "copies" },
      { db: "backups", namespace: "default", holds: "repository" },
    ]);
    expect(told(all)).toEqual(["a/x ok", "a/y ok", "b/x ok"]);
    expect(all).toMatchObject({ status: "ok", db: null });
    expect(all.checks.map(({ name, status }) => `${name} ${status}`)).toEqual([
      "repository ok",
      "source ok",
    ]);
  });

  it("is the worst of them", async () => {
    const { health, write } = await setSite();
    const limits = { ...unjudged, maxUndrilledSeconds: 1 };
    expect(await health({}, limits)).toMatchObject({ status: "warning" });
    await write({ db: "b", namespace: "new" });
    const all = await health();
    expect(told(all)).toEqual(["a/x ok", "a/y ok", "b/new critical", "b/x ok"]);
    expect(all.status).toBe("critical");
  });

  it("takes limits of each", async () => {
    const { health } = await setSite();
    const all = await health({}, ({ namespace }) => ({
      ...unjudged,
      expectsArchive: namespace === "y",
    }));
    expect(told(all)).toEqual(["a/x ok", "a/y critical", "b/x ok"]);
  });

  it("can be limited to a database", async () => {
    const { health } = await setSite();
    expect(told(await health({ db: "a" }))).toEqual(["a/x ok", "a/y ok"]);
  });

  it("judges a namespace that only the repository knows", async () => {
    const { health, backend } = await setSite();
    await backend.drop(ids[1] as NamespaceId);
    const all = await health();
    expect(told(all)).toEqual(["a/x ok", "a/y critical", "b/x ok"]);
  });

  it("of a store that can not be opened is critical, of each and as a whole", async () => {
    const { health } = await setSite();
    const all = await health({ source: failing });
    expect(told(all)).toEqual(["a/x critical", "a/y critical", "b/x critical"]);
    expect(all.checks[1]).toEqual({ name: "source", status: "critical", reason: "it is away" });
  });

  it("of a repository that can not be read is critical, of each namespace of the store", async () => {
    const { health } = await setSite();
    const all = await health({ repository: failing });
    expect(told(all)).toEqual(["a/x critical", "a/y critical", "b/x critical"]);
    expect(all.checks[0]).toMatchObject({ status: "critical", reason: "it is away" });
  });

  it("where nothing is known is critical, and has metrics", async () => {
    const { health } = await setSite();
    const all = await health({ repository: failing, source: failing });
    expect(all).toMatchObject({ status: "critical", namespaces: [] });
    expect(all.checks.map(({ name }) => name)).toEqual(["repository", "source", "namespaces"]);
    expect(prometheusText(all)).toContain("\nnadb_backup_all_health 2\n");
    expect(await health({ db: "nosuch" })).toMatchObject({ status: "critical", namespaces: [] });
  });

  it("without a store is judged by the repository alone", async () => {
    const { repository, clock } = await setSite();
    const all = await healthOfAllNamespaces(
      { clock: clock.now, repository: async () => repository },
      unjudged,
    );
    expect(told(all)).toEqual(["a/x ok", "a/y ok", "b/x ok"]);
    expect(all.checks.map(({ name }) => name)).toEqual(["repository"]);
  });

  it("one namespace that can not be opened hides no other", async () => {
    const { backend, health } = await setSite();
    const broken = override(backend, {
      namespace: (id) => (id.namespace === "y" ? failing() : backend.namespace(id)),
    });
    expect(told(await health({ source: async () => broken }))).toEqual([
      "a/x ok",
      "a/y critical",
      "b/x ok",
    ]);
  });

  it("refuses a limit that is none, also where there is nothing to judge", async () => {
    const { health } = await setSite();
    for (const options of [{}, { repository: failing, source: failing }])
      await expect(health(options, { maxAgeSeconds: 0 })).rejects.toMatchObject({
        code: "NADB_INVALID_ARGUMENT",
      });
  });

  it("in metrics has each family once, with a line of each namespace", async () => {
    const { health } = await setSite();
    const lines = prometheusText(await health())
      .trimEnd()
      .split("\n");
    const families = lines.filter((line) => line.startsWith("# TYPE"));
    expect(new Set(families).size).toBe(families.length);
    for (const { db, namespace } of ids)
      expect(lines).toContain(`nadb_backup_health{db="${db}",namespace="${namespace}"} 0`);
    expect(lines).toContain("nadb_backup_all_namespaces 3");
    const limited = prometheusText(await health({ db: "b" }));
    expect(limited).toContain('nadb_backup_all_health{db="b"} 0\n');
  });
});
