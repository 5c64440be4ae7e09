// The root of a namespace, as this process knows it. It is read again when a partition tells of something newer. Making and
// dropping a namespace take several scripts; whoever meets one that stopped half-way goes on with it.
import { corruption, NadbError, type NamespaceId } from "@nadb/core";
import { type Host, newId } from "./host.js";
import {
  headKey,
  LAYOUT_VERSION,
  namespaceMember,
  namespacesKey,
  partitionBase,
  rootKey,
} from "./keys.js";
import { type Reply, type Script, word } from "./link.js";
import { findLost, type LostPartition } from "./lost.js";
import { scripts } from "./scripts.js";

export interface RootFacts {
  readonly partitions: number;
  readonly generation: string;
}

type State = "making" | "ready" | "dropping";

interface RootView extends RootFacts {
  readonly state: State;
}

export type Verdict = "open" | "commit" | "abort";

const FIELDS = ["partitions", "generation", "format", "state"];

export class Root {
  readonly #key: string;
  #known: RootFacts | undefined;
  #making: Promise<RootFacts> | undefined;

  constructor(
    readonly host: Host,
    readonly id: NamespaceId,
  ) {
    this.#key = rootKey(host.prefix, id);
  }

  /** As it was read last, if it was. */
  get known(): RootFacts | undefined {
    return this.#known;
  }

  /** Undefined: there is no such namespace. */
  async find(): Promise<RootFacts | undefined> {
    return this.#known ?? (await this.refresh());
  }

  /** Throws NADB_CORRUPTION when it is gone and its partitions are not. */
  async refresh(): Promise<RootFacts | undefined> {
    const { view, lost } = await this.#viewOrLost(1);
    if (lost.length > 0) throw this.#lost("its root is missing");
    this.#known = view?.state === "ready" ? view : undefined;
    return this.#known;
  }

  /**
   * Finds it, or makes it with all its partitions. Who asks meanwhile waits for the same answer, so that the first commits
   * of a namespace go on in the order of their calls.
   */
  make(): Promise<RootFacts> {
    this.#making ??= this.#make().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  /** NADB's own are small, and shared by commands that choose different numbers of partitions: they have one. */
  get #isOwn(): boolean {
    return this.id.namespace.startsWith("nadb.");
  }

  /** The registry knows the namespace before it is ready. */
  async #make(): Promise<RootFacts> {
    for (;;) {
      const found = await this.find();
      if (found !== undefined) return found;
      const { link, prefix, random } = this.host;
      const partitions = this.#isOwn ? 1 : this.host.partitions;
      const made = await link.run(scripts.makeRoot, this.#key, [partitions, newId(random)]);
      const view = this.#check(made as readonly Reply[]) as RootView;
      if (view.state === "dropping") await this.#finishDrop(view);
      if (view.state !== "making") continue;
      await link.command("sadd", [namespacesKey(prefix), namespaceMember(this.id)]);
      if (await this.#makePartitions(view)) await this.#mark(view, "making", "ready");
    }
  }

  /** What its partitions hold becomes garbage; answers what their keys begin with. */
  async drop(): Promise<string[]> {
    for (;;) {
      this.#known = undefined;
      const { view, lost } = await this.#viewOrLost(this.host.partitions);
      if (view === undefined) return this.#dropLost(lost);
      if (!(await this.#mark(view, "", "dropping"))) continue; // it is another by now
      await this.#finishDrop(view);
      return this.#bases(view);
    }
  }

  async beginLoad(load: string): Promise<void> {
    await this.host.link.run(scripts.openLoad, this.#key, [load]);
  }

  /** Undefined when it is over, or never began. */
  async verdict(load: string): Promise<Verdict | undefined> {
    const reply = await this.host.link.command("hget", [this.#key, `load:${load}`]);
    return reply === null ? undefined : (word(reply) as Verdict);
  }

  async decide(load: string, verdict: "commit" | "abort", mode: string): Promise<Verdict> {
    const decided = await this.host.link.run(scripts.decide, this.#key, [load, verdict, mode]);
    if (mode === "replace") this.#known = undefined;
    return word(decided) as Verdict;
  }

  /** REQUIRES: it is finished, or given up, in all partitions. */
  async endLoad(load: string): Promise<void> {
    await this.host.link.command("hdel", [this.#key, `load:${load}`]);
  }

  /** What is said of a partition that is not what this root says. */
  lost(index: number, why: string): NadbError {
    return this.#lost(`partition ${index} ${why}`);
  }

  /** What is said of a namespace when a load is visible in some of its partitions, and nobody is about to finish it. */
  halfLoaded(): NadbError {
    return this.#lost("a load has become visible in some of its partitions only");
  }

  async #view(): Promise<RootView | undefined> {
    const reply = await this.host.link.command("hmget", [this.#key, ...FIELDS]);
    return this.#check(reply as readonly Reply[]);
  }

  /** The root; where there is none, partitions that should have one. */
  async #viewOrLost(
    several: number,
  ): Promise<{ readonly view?: RootView | undefined; readonly lost: readonly LostPartition[] }> {
    const view = await this.#view();
    if (view !== undefined) return { view, lost: [] };
    const lost = await findLost(this.host, this.id, several);
    if (lost.length === 0) return { lost };
    const later = await this.#view(); // it may have been made before those were found
    return later === undefined ? { lost } : { view: later, lost: [] };
  }

  /** False: the namespace has been dropped or made meanwhile. */
  async #makePartitions(view: RootView): Promise<boolean> {
    const answers = await this.#inAll(scripts.make, view);
    const foreign = answers.findIndex(([status]) => word(status) === "moved");
    if (foreign >= 0 && (await this.#view())?.generation === view.generation) {
      throw this.lost(foreign, "holds the content of another generation");
    }
    return answers.every(([status]) => word(status) === "ok");
  }

  async #finishDrop(view: RootFacts): Promise<void> {
    await this.#inAll(scripts.drop, view);
    await this.#mark(view, "dropping", "");
    await this.#unregister();
  }

  async #unregister(): Promise<void> {
    const { link, prefix } = this.host;
    const registered = [namespacesKey(prefix), namespaceMember(this.id)];
    await link.command("srem", registered);
    const generation = await link.command("hget", [this.#key, "generation"]);
    if (generation !== null) await link.command("sadd", registered); // made again meanwhile
  }

  async #dropLost(lost: readonly LostPartition[]): Promise<string[]> {
    for (const { base, generation } of lost) {
      await this.host.link.run(scripts.drop, headKey(base), [base, generation]);
    }
    await this.#unregister();
    return lost.map(({ base }) => base);
  }

  /** False: it is not what it was. */
  async #mark({ generation }: RootFacts, from: State | "", to: State | ""): Promise<boolean> {
    return (await this.host.link.run(scripts.markRoot, this.#key, [generation, from, to])) === 1;
  }

  async #inAll(script: Script, view: RootFacts): Promise<(readonly Reply[])[]> {
    const { link } = this.host;
    const run = (base: string) => link.run(script, headKey(base), [base, view.generation]);
    return (await Promise.all(this.#bases(view).map(run))) as (readonly Reply[])[];
  }

  #bases({ partitions }: RootFacts): string[] {
    const { prefix } = this.host;
    return Array.from({ length: partitions }, (_, index) =>
      partitionBase(prefix, this.id, index, partitions),
    );
  }

  #lost(what: string): NadbError {
    return corruption(
      `${namespaceMember(this.id)}: ${what}`,
      "the server has lost data of it, or somebody has deleted them: drop the namespace and restore a backup",
    );
  }

  #check([partitions, generation, format, state]: readonly Reply[]): RootView | undefined {
    if (generation === null || generation === undefined) return undefined;
    const version = Number(word(format as Reply));
    if (version > LAYOUT_VERSION) {
      throw new NadbError("NADB_NEWER_FORMAT", `${this.#key} is of layout ${version}`, {
        hint: `this version of @nadb/backend-redis knows layouts up to ${LAYOUT_VERSION}`,
      });
    }
    const view = {
      partitions: Number(partitions),
      generation: word(generation),
      state: word(state) as State,
    };
    const { choosesPartitions, partitions: chosen } = this.host;
    if (!choosesPartitions || this.#isOwn || view.partitions === chosen) return view;
    throw new NadbError(
      "NADB_INVALID_ARGUMENT",
      `${namespaceMember(this.id)} has ${view.partitions} partition${view.partitions === 1 ? "" : "s"}, not ${chosen}`,
      { hint: "leave the option out, or copy the namespace into a new one" },
    );
  }
}
