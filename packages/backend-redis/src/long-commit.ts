// A commit that would keep the server from others for too long: in steps (lua/long-commit.ts). Up to the decision nothing has
// happened, and whoever meets what is left of it gives it up; from then on it happens, whoever brings it to its end.
import { isNadbError, NadbError } from "@nadb/core";
import { outcomeUnknown } from "./failures.js";
import { newId } from "./host.js";
import { type Argument, word } from "./link.js";
import type { Answer, Partition } from "./partition.js";
import type { PreparedCommit } from "./prepare.js";
import { COMMIT_BYTES, SCRIPT_BYTES, SCRIPT_CHANGES, workOf } from "./script-size.js";
import { scripts } from "./scripts.js";
import { collectInBackground } from "./upkeep.js";

/** It is given up when its process stands still while the partition is frozen; then it may begin anew. */
const ATTEMPTS = 3;
const EXPECTATIONS = 1_000;
const PUT_ARGUMENTS = 7;
const DELETE_ARGUMENTS = 2;

/** One mutation is no shorter in steps. */
export const isLong = (
  { mutations, expect, work, bytes }: PreparedCommit,
  scriptMutations: number,
): boolean =>
  mutations + expect.length > scriptMutations ||
  (mutations > 1 && (work > scriptMutations || bytes > COMMIT_BYTES));

/** Answers what the script of a short one answers. `points`: see CommitQueue. */
export async function commitInSteps(
  partition: Partition,
  commit: PreparedCommit,
  points: readonly [string, string],
): Promise<string> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const result = await new LongCommit(partition, commit, points).run();
    if (result !== undefined) return result;
  }
  throw new NadbError("NADB_CONFLICT", "the commit stood still before its end and was given up", {
    hint: "repeat it, or write in smaller parts",
  });
}

class LongCommit {
  readonly #load: string;

  constructor(
    readonly partition: Partition,
    readonly commit: PreparedCommit,
    readonly points: readonly [string, string],
  ) {
    this.#load = newId(partition.host.random);
  }

  /** Undefined: it was given up by others, and nothing has happened. */
  async run(): Promise<string | undefined> {
    const { root, host } = this.partition;
    await root.beginLoad(this.#load);
    await this.partition.write(scripts.begin, [this.#load, "commit", host.clock(), ""]);
    const prepared = await this.#prepare().catch(async (error) => {
      await this.#giveUp().catch(() => undefined); // whoever meets it does
      throw error;
    });
    if (prepared === "held" && (await this.#decide())) return this.#finish();
    await this.#giveUp();
    return prepared === "held" || prepared === "gone" ? undefined : prepared;
  }

  /** "held": nothing is in its way. Else "gone", or its result: it failed an expectation, or has happened before. */
  async #prepare(): Promise<string> {
    if (!(await this.#stage())) return "gone";
    const held = await this.#hold();
    if (word(held[0]) === "gone") return "gone";
    return word(held[0]) === "known" ? word(held[1]) : this.#expect();
  }

  async #stage(): Promise<boolean> {
    const { puts, args } = this.commit;
    const script = puts ? scripts.stage : scripts.stageDeletes;
    let number = 0;
    for (const chunk of chunksOf(args)) {
      const now = this.partition.host.clock();
      const answer = await this.partition.raw(script, [this.#load, ++number, now, ...chunk]);
      if (word(answer[0]) === "gone") return false;
    }
    return true;
  }

  async #hold(): Promise<Answer> {
    const args = [this.#load, this.partition.host.clock(), this.commit.id, ...this.points];
    for (const since = Date.now(); ; ) {
      const answer = await this.partition.raw(scripts.hold, args);
      const status = word(answer[0]);
      if (status !== "frozen" && status !== "merging") return answer;
      await this.partition.overcome(answer, since);
    }
  }

  async #expect(): Promise<string> {
    const { expect } = this.commit;
    for (let i = 0; i < expect.length; i += EXPECTATIONS) {
      const pairs = expect
        .slice(i, i + EXPECTATIONS)
        .flatMap(({ key, version }) => [key, version ?? ""]);
      const [status, failed] = await this.partition.raw(scripts.expect, [this.#load, ...pairs]);
      if (word(status) === "gone") return "gone";
      if (word(failed) !== "") return `!${i + Number(word(failed))}`;
    }
    return "held";
  }

  async #decide(): Promise<boolean> {
    return (await this.partition.root.decide(this.#load, "commit", "commit")) === "commit";
  }

  async #finish(): Promise<string> {
    try {
      await this.partition.raw(scripts.finish, [this.#load]);
      await this.partition.merge(this.#load);
      const result = await this.#end();
      if (result !== "") return result;
    } catch (error) {
      throw isNadbError(error, "NADB_IO") ? outcomeUnknown(error) : error;
    }
    throw new NadbError("NADB_COMMIT_UNKNOWN", "the server has lost a commit before its end", {
      hint: "read the records again, or repeat the commit under the same id",
    });
  }

  async #giveUp(): Promise<void> {
    await this.partition.raw(scripts.thaw, [this.#load]);
    await this.#end();
  }

  /** Answers the result, "" where it did not come to one. */
  async #end(): Promise<string> {
    const now = this.partition.host.clock();
    const [, result] = await this.partition.raw(scripts.end, [this.#load, now]);
    await this.partition.root.endLoad(this.#load);
    collectInBackground(this.partition);
    return word(result);
  }
}

/** Of the arguments of mutations, as many as one script takes. */
function* chunksOf(args: readonly Argument[]): Generator<readonly Argument[]> {
  let [start, work, bytes] = [0, 0, 0];
  for (let at = 0; at < args.length; ) {
    const isPut = args[at] === "p";
    const size = isPut ? (args[at + 2] as Buffer).length : 0;
    const own = isPut ? workOf(tagsIn(args[at + 3] as string)) : 1;
    if (at > start && (work + own > SCRIPT_CHANGES || bytes + size > SCRIPT_BYTES)) {
      yield args.slice(start, at);
      [start, work, bytes] = [at, 0, 0];
    }
    [work, bytes] = [work + own, bytes + size];
    at += isPut ? PUT_ARGUMENTS : DELETE_ARGUMENTS;
  }
  if (args.length > start) yield args.slice(start);
}

const tagsIn = (json: string): number => (json === "" ? 0 : JSON.parse(json).length);
