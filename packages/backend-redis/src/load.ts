// A staged load over all partitions of a namespace. How it becomes visible at once: lua/load.ts.
import {
  changeKey,
  corruption,
  type EncodedChange,
  type Head,
  invalidArgument,
  isNadbError,
  type Loaded,
  type MergeOptions,
  NadbError,
  type StagedCommitOptions,
  type StagedLoad,
  StateDigest,
} from "@nadb/core";
import { outcomeUnknown } from "./failures.js";
import { joinHeads, type PartitionHead, parseFacts } from "./head-fields.js";
import { type Host, newId } from "./host.js";
import { partitionOf } from "./keys.js";
import { type Argument, type Reply, type Script, word } from "./link.js";
import type { Answer, Partition } from "./partition.js";
import { changeArguments } from "./record-fields.js";
import type { Root } from "./root.js";
import { SCRIPT_BYTES, SCRIPT_CHANGES } from "./script-size.js";
import { scripts } from "./scripts.js";
import { collectGarbage, collectInBackground } from "./upkeep.js";

/** What a load needs of its namespace. */
export interface LoadHost {
  readonly host: Host;
  readonly root: Root;
  /** All partitions, made where they were not there. */
  made(): Promise<readonly Partition[]>;
  head(): Promise<Head>;
}

export type LoadMode = "replace" | "merge";

interface Finished {
  readonly head: PartitionHead | undefined;
  readonly skipped: number;
}

export async function beginLoad(
  namespace: LoadHost,
  mode: LoadMode,
  onConflict: NonNullable<MergeOptions["onConflict"]>,
): Promise<StagedLoad> {
  const partitions = await namespace.made();
  await Promise.all(partitions.map(({ base }) => collectGarbage(namespace.host.link, base)));
  const load = new RedisLoad(namespace, partitions, mode, newId(namespace.host.random));
  await load.begin(onConflict);
  return load;
}

function* chunksOf(changes: readonly EncodedChange[]): Generator<EncodedChange[]> {
  let [chunk, bytes]: [EncodedChange[], number] = [[], 0];
  for (const change of changes) {
    if (
      chunk.length === SCRIPT_CHANGES ||
      (chunk.length > 0 && bytes + change.length > SCRIPT_BYTES)
    ) {
      yield chunk;
      [chunk, bytes] = [[], 0];
    }
    chunk.push(change);
    bytes += change.length;
  }
  if (chunk.length > 0) yield chunk;
}

class RedisLoad implements StagedLoad {
  /** Of the puts of each partition: one that is sent twice is done once. */
  readonly #numbers: number[];
  #ended = false;

  constructor(
    readonly namespace: LoadHost,
    readonly partitions: readonly Partition[],
    readonly mode: LoadMode,
    readonly id: string,
  ) {
    this.#numbers = partitions.map(() => 0);
  }

  async begin(onConflict: string): Promise<void> {
    await this.namespace.root.beginLoad(this.id);
    const args = [this.id, this.mode, this.namespace.host.clock(), onConflict];
    await this.#each((partition) => partition.write(scripts.begin, args));
  }

  async put(
    changes: readonly EncodedChange[],
    options: { readonly signal?: AbortSignal } = {},
  ): Promise<void> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    await this.namespace.host.track(this.#put(changes)); // in order, so none can be left out
  }

  async commit(options: StagedCommitOptions = {}): Promise<Loaded> {
    this.#checkOpen();
    options.signal?.throwIfAborted();
    return this.namespace.host.track(this.#commit(options));
  }

  async abort(): Promise<void> {
    if (this.#ended) return;
    this.namespace.host.checkOpen();
    await this.namespace.host.track(this.#abort());
  }

  async #put(changes: readonly EncodedChange[]): Promise<void> {
    const own = this.partitions.map((): EncodedChange[] => []);
    for (const change of changes) {
      const index = this.partitions.length === 1 ? 0 : partitionOf(changeKey(change), own.length);
      (own[index] as EncodedChange[]).push(change);
    }
    await this.#each((partition, index) =>
      this.#putAll(partition, index, own[index] as EncodedChange[]),
    );
  }

  async #commit(options: StagedCommitOptions): Promise<Loaded> {
    const staged = await this.#freeze();
    const { count, digest } = this.#loaded(staged);
    if (options.expectDigest !== undefined && options.expectDigest !== digest) {
      await this.#thaw();
      throw corruption(
        `the load of ${count} records has state digest ${digest}, expected ${options.expectDigest}`,
        "what was loaded is not what was to be, and nothing has become visible: verify the backup, and load it again",
      );
    }
    await this.#decide();
    this.#ended = true;
    const finished = await this.#finishAll();
    for (const partition of this.partitions) collectInBackground(partition);
    const heads = finished.map(({ head }) => head);
    const head = heads.every((one) => one !== undefined)
      ? joinHeads(heads)
      : await this.namespace.head();
    const skipped = finished.reduce((sum, one) => sum + one.skipped, 0);
    return { head, count, digest, skipped };
  }

  /** From here on it happens: whoever comes goes on with it, if we can not. */
  async #finishAll(): Promise<Finished[]> {
    try {
      const finished = await this.#each((partition) => this.#finish(partition));
      await this.namespace.root.endLoad(this.id);
      return finished;
    } catch (error) {
      throw isNadbError(error, "NADB_IO") ? outcomeUnknown(error) : error;
    }
  }

  async #abort(): Promise<void> {
    this.#ended = true;
    await this.#thaw();
    await this.#each((partition) => this.#end(partition));
    await this.namespace.root.endLoad(this.id);
    for (const partition of this.partitions) collectInBackground(partition);
  }

  /** What comes next is made ready while the server works on what came before. */
  async #putAll(
    partition: Partition,
    index: number,
    changes: readonly EncodedChange[],
  ): Promise<void> {
    let underWay: Promise<Answer> | undefined;
    for (const chunk of chunksOf(changes)) {
      const number = (this.#numbers[index] as number) + 1;
      this.#numbers[index] = number;
      const args: Argument[] = [this.id, number, this.namespace.host.clock(), chunk.length];
      for (const change of chunk) args.push(...changeArguments(change));
      await underWay;
      underWay = this.#untilFree(partition, scripts.put, args);
      underWay.catch(() => undefined); // told by the next await
    }
    await underWay;
  }

  /** First the first partition, so that of two loads one is first in all of them; the others at once, for others wait already. */
  async #freeze(): Promise<Answer[]> {
    const freeze = (partition: Partition): Promise<Answer> =>
      this.#untilFree(partition, scripts.freeze, [this.id]);
    const [first, ...others] = this.partitions as [Partition, ...Partition[]];
    try {
      const frozen = [await freeze(first)];
      const rest = others.map(freeze);
      await Promise.allSettled(rest); // none of them may freeze anything behind the thaw
      return frozen.concat(await Promise.all(rest));
    } catch (error) {
      await this.#thaw().catch(() => undefined); // whoever meets what is still frozen gives the load up
      throw error;
    }
  }

  /** Runs what another load may be in the way of. */
  async #untilFree(
    partition: Partition,
    script: Script,
    args: readonly Argument[],
  ): Promise<Answer> {
    for (const since = Date.now(); ; ) {
      const answer = await partition.raw(script, args);
      const status = word(answer[0]);
      if (status !== "frozen" && status !== "merging") return check(answer);
      await partition.overcome(answer, since);
    }
  }

  async #thaw(): Promise<void> {
    await this.#each((partition) => partition.raw(scripts.thaw, [this.id]));
  }

  #loaded(staged: readonly Answer[]): { readonly count: number; readonly digest: string } {
    const digest = new StateDigest();
    let count = 0;
    for (const [, , records, , hex] of staged) {
      count += Number(records);
      digest.xor(Buffer.from(word(hex), "hex"));
    }
    return { count, digest: digest.toHex() };
  }

  async #decide(): Promise<void> {
    const decided = await this.namespace.root.decide(this.id, "commit", this.mode);
    if (decided === "commit") return;
    await this.#thaw();
    throw new NadbError("NADB_CONFLICT", "the load stood still before its end and was given up", {
      hint: "load it again",
    });
  }

  async #finish(partition: Partition): Promise<Finished> {
    const [, facts] = check(await partition.raw(scripts.finish, [this.id]));
    if (this.mode === "replace") {
      const head = facts === undefined ? undefined : parseFacts(facts as readonly Reply[]);
      return { head, skipped: 0 };
    }
    await partition.merge(this.id);
    const [skipped, ...end] = (await this.#end(partition)).split(" ");
    const head = end.length === 0 ? undefined : parseFacts(end.map((fact) => Buffer.from(fact)));
    return { head, skipped: Number(skipped) };
  }

  /** Answers what came of a merge, "" where it came to no end. */
  async #end(partition: Partition): Promise<string> {
    const [, outcome] = await partition.raw(scripts.end, [this.id, this.namespace.host.clock()]);
    return word(outcome);
  }

  #each<T>(work: (partition: Partition, index: number) => Promise<T>): Promise<T[]> {
    return Promise.all(this.partitions.map(work));
  }

  #checkOpen(): void {
    this.namespace.host.checkOpen();
    if (this.#ended) throw invalidArgument("this load has been committed or aborted");
  }
}

function check(answer: Answer): Answer {
  const status = word(answer[0]);
  if (status === "ok") return answer;
  const why =
    status === "gone"
      ? "the staged load is gone: it lay untouched for over an hour, or the namespace was dropped"
      : "the namespace was made, dropped or replaced during the load";
  throw new NadbError("NADB_CONFLICT", why, { hint: "load it again" });
}
