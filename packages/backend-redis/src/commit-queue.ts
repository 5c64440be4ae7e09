// Group commit over a network: commits that wait while one script is under way go down together in the next, so the
// round trip is paid once for all of them; each still succeeds or is refused alone. A partition has one group under way
// at a time, so commits take effect in the order in which they were asked for.
import {
  type Commit,
  corruption,
  type Expectation,
  isNadbError,
  NadbError,
  quote,
} from "@nadb/core";
import { didNotHappen, isOutOfMemory, outcomeUnknown } from "./failures.js";
import { type Host, newId } from "./host.js";
import { type Argument, type Script, word } from "./link.js";
import { commitInSteps, isLong } from "./long-commit.js";
import type { Partition } from "./partition.js";
import type { PreparedCommit } from "./prepare.js";
import { SCRIPT_BYTES, SCRIPT_CHANGES } from "./script-size.js";
import { scripts } from "./scripts.js";

interface Waiting {
  readonly commit: PreparedCommit;
  readonly resolve: (result: Commit) => void;
  readonly reject: (error: unknown) => void;
}

/** Commits of one partition. A checkpoint names all of them: `othersPoints` tells what stands before and behind it. */
export class CommitQueue {
  readonly #writer: string;
  #number = 0;
  #waiting: Waiting[] = [];
  #draining = false;

  constructor(
    readonly host: Host,
    readonly partition: Partition,
    readonly othersPoints: () => Promise<readonly [string, string]>,
  ) {
    this.#writer = newId(host.random);
  }

  async run(commit: PreparedCommit, signal: AbortSignal | undefined): Promise<Commit> {
    signal?.throwIfAborted();
    let callOff = (): void => undefined;
    const outcome = new Promise<Commit>((resolve, reject) => {
      const waiting = { commit, resolve, reject };
      callOff = () => this.#callOff(waiting, signal?.reason);
      this.#waiting.push(waiting);
      if (!this.#draining) void this.#drain();
    });
    signal?.addEventListener("abort", callOff, { once: true });
    try {
      return await outcome;
    } finally {
      signal?.removeEventListener("abort", callOff);
    }
  }

  /** One that goes down already can not be called off. */
  #callOff(waiting: Waiting, reason: unknown): void {
    const left = this.#waiting.filter((other) => other !== waiting);
    if (left.length === this.#waiting.length) return;
    this.#waiting = left;
    waiting.reject(reason);
  }

  /** Never rejects: each commit has its own caller to tell. */
  async #drain(): Promise<void> {
    this.#draining = true;
    await undefined; // who asks in the same turn goes down together
    while (this.#waiting.length > 0) await this.#runGroup(this.#nextGroup());
    this.#draining = false;
  }

  /** Closed once it holds what a script takes; a larger commit goes alone. */
  #nextGroup(): readonly Waiting[] {
    const group: Waiting[] = [];
    let [work, bytes] = [0, 0];
    for (const waiting of this.#waiting) {
      const { commit } = waiting;
      work += commit.work;
      bytes += commit.bytes;
      const isFull = work > SCRIPT_CHANGES || bytes > SCRIPT_BYTES || this.#isLong(commit);
      if (group.length > 0 && isFull) break;
      group.push(waiting);
      if (this.#isLong(commit)) break;
    }
    this.#waiting = this.#waiting.slice(group.length);
    return group;
  }

  /** Never rejects. */
  async #runGroup(group: readonly Waiting[]): Promise<void> {
    const [first] = group as [Waiting];
    if (this.#isLong(first.commit)) return this.#runInSteps(first);
    const number = ++this.#number;
    const puts = group.some(({ commit }) => commit.puts);
    try {
      settleAll(group, await this.#send(puts ? scripts.commit : scripts.deletes, number, group));
    } catch (error) {
      if (puts && isOutOfMemory(error)) await this.#runDeletes(group, number, error);
      else rejectAll(group, error);
    }
  }

  /**
   * Of a group that the server's memory is too short for. It may have happened before it was, and its answer was lost: so the
   * deletes go under its number, which is answered as it was then, or they are done without the puts.
   */
  async #runDeletes(group: readonly Waiting[], number: number, refused: NadbError): Promise<void> {
    const puts = group.filter(({ commit }) => commit.puts);
    const deletes = group.filter(({ commit }) => !commit.puts);
    try {
      const results = await this.#send(scripts.deletes, number, deletes);
      if (results.length === group.length) return settleAll(group, results);
      settleAll(deletes, results);
      rejectAll(puts, didNotHappen(refused));
    } catch (error) {
      const isUnknown = refused.code === "NADB_COMMIT_UNKNOWN" && isNadbError(error);
      rejectAll(deletes, isUnknown ? outcomeUnknown(error) : error);
      rejectAll(puts, refused);
    }
  }

  async #runInSteps(waiting: Waiting): Promise<void> {
    try {
      const points = await this.othersPoints();
      settle(waiting, await commitInSteps(this.partition, waiting.commit, points));
    } catch (error) {
      waiting.reject(error);
    }
  }

  #isLong(commit: PreparedCommit): boolean {
    return isLong(commit, this.host.scriptMutations);
  }

  /** REQUIRES: none of them is long. */
  async #send(script: Script, number: number, group: readonly Waiting[]): Promise<string[]> {
    const points = await this.othersPoints();
    const now = this.host.clock();
    const args = [
      now,
      now - this.host.tombstoneRetentionMs,
      this.#writer,
      number,
      ...points,
      group.length,
      ...group.flatMap(({ commit }) => argumentsOf(commit)),
    ];
    const [status, ...results] = await this.partition.write(script, args);
    if (word(status) === "ok") return results.map(word);
    throw new NadbError(
      "NADB_COMMIT_UNKNOWN",
      "the server has seen a later commit of this writer",
      {
        hint: "read the records again, or repeat the commit under the same id",
      },
    );
  }
}

function argumentsOf({ id, expect, mutations, args }: PreparedCommit): Argument[] {
  const expectations = expect.flatMap(({ key, version }) => [key, version === null ? "" : version]);
  return [id, expect.length, ...expectations, mutations, ...args];
}

function settleAll(group: readonly Waiting[], results: readonly string[]): void {
  group.forEach((waiting, index) => {
    settle(waiting, results[index] as string);
  });
}

function rejectAll(group: readonly Waiting[], error: unknown): void {
  for (const { reject } of group) reject(error);
}

function settle({ commit, resolve, reject }: Waiting, result: string): void {
  if (result.startsWith("!")) {
    reject(conflict(commit.expect[Number(result.slice(1)) - 1] as Expectation));
    return;
  }
  const colon = result.indexOf(":");
  if (colon < 0) {
    reject(corruption(`the answer to a commit is ${quote(result)}`));
    return;
  }
  const versions = result.slice(colon + 1);
  resolve({
    checkpoint: result.slice(0, colon),
    versions: commit.mutations === 0 ? [] : versionsIn(versions),
  });
}

/** One by one, or of a commit in steps "@first-count", without the mutations that are named behind it. */
function versionsIn(text: string): (number | undefined)[] {
  const inSteps = /^@(\d+)-(\d+)((?:,\d+)*)$/.exec(text);
  if (inSteps === null)
    return text.split(",").map((version) => (version === "" ? undefined : Number(version)));
  const [, first, count, without = ""] = inSteps;
  const missed = new Set(without.split(",").map(Number));
  let next = Number(first);
  return Array.from({ length: Number(count) }, (_, i) => (missed.has(i + 1) ? undefined : next++));
}

const conflict = ({ key, version }: Expectation): NadbError =>
  new NadbError(
    "NADB_CONFLICT",
    `${quote(key)} is not ${version === null ? "absent" : `at version ${version}`}`,
    { hint: "read it again and retry" },
  );
