// The model suite of backups must find what is wrong, in the engines as in the target, and tell how to see it again.
import assert from "node:assert/strict";
import { memoryBackend } from "@nadb/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import { type BackupModelOptions, backupModelSuite, type OpenBackend } from "../src/index.js";
import { firstFailureOf } from "./first-failure.js";
import { type BackupMutant, backupMutants } from "./mutants/backups.js";
import { feedMutants } from "./mutants/feed.js";
import { loadMutants } from "./mutants/loads.js";
import { storeMutants } from "./mutants/stores.js";

const memory: OpenBackend = ({ clock }) => memoryBackend({ clock });

function known(does: string): BackupMutant {
  const found = [...feedMutants, ...loadMutants, ...storeMutants].find((one) => one.does === does);
  assert.ok(found !== undefined, `no mutant ${does}`);
  return { does, engine: found.open };
}

const FAULTS: readonly BackupMutant[] = [
  ...backupMutants,
  known("leaves tombstones out of the feed"),
  known("leaves out the last change of a run"),
  known("reads the end of a run after its data"),
  known("takes the end of a run before its data"),
  known("continues silently from a checkpoint it no longer serves"),
  known("orders keys by UTF-16"),
  known("does not trim"),
  known("replaces by deleting and setting"),
  known("loads with times of its own"),
  known("shows a replace before its commit"),
  known("commits what is aborted"),
  known("merges by replacing"),
  known("overwrites whatever onConflict says"),
  known("keeps the loaded one of two at the same instant"),
  known("does not tell what it has skipped"),
  known("decides on conflicts when the load begins"),
];

afterEach(() => {
  vi.unstubAllEnvs();
});

const firstFailure = (
  { engine = memory, repository }: Omit<BackupMutant, "does">,
  options: BackupModelOptions = {},
): Promise<string | undefined> =>
  firstFailureOf((runner) => {
    const engines = { from: engine, into: engine };
    const all = repository === undefined ? engines : { ...engines, repository };
    backupModelSuite(runner, all, { runs: 100, shrinkTries: 25, ...options });
  });

describe("the model suite of backups finds what goes wrong where somebody", () => {
  it.each(FAULTS)("$does", async (mutant) => {
    expect(await firstFailure(mutant)).toMatch(/in \d+ operations:\n {2}1\. /);
  });
});

describe("a failure of the model suite of backups", () => {
  const fault = known("leaves tombstones out of the feed");

  it("lists few operations and names the seed", async () => {
    const message = (await firstFailure(fault, { seed: 4711, shrinkTries: 200 })) ?? "";
    expect(Number(/in (\d+) operations/.exec(message)?.[1]), message).toBeLessThanOrEqual(6);
    expect(message).toMatch(/ \d\. from: \w+\(.* \d\. incremental\(/s);
    expect(message).toContain("NADB_SEED=4711");
  });

  it("is reached at once by the way it prints", async () => {
    const message = (await firstFailure(fault)) as string;
    vi.stubEnv("NADB_MODEL_REPLAY", /NADB_MODEL_REPLAY=(\S+)\)/.exec(message)?.[1]);
    expect(await firstFailure(fault)).toBe(message);
  });
});
