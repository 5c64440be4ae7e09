// The root of a namespace, as this process knows it. It is read again when a partition tells of something newer.
import { NadbError, type NamespaceId } from "@nadb/core";
import { type Host, newId } from "./host.js";
import { LAYOUT_VERSION, namespaceMember, namespacesKey, rootKey } from "./keys.js";
import { type Reply, word } from "./link.js";
import { scripts } from "./scripts.js";

export interface RootFacts {
  readonly partitions: number;
  readonly generation: string;
}

export type Verdict = "open" | "commit" | "abort";

export class Root {
  readonly #key: string;
  #known: RootFacts | undefined;

  constructor(
    readonly host: Host,
    readonly id: NamespaceId,
  ) {
    this.#key = rootKey(host.prefix, id);
  }

  /** Undefined: there is no such namespace. */
  async find(): Promise<RootFacts | undefined> {
    return this.#known ?? (await this.refresh());
  }

  async refresh(): Promise<RootFacts | undefined> {
    const fields = ["partitions", "generation", "format"];
    const reply = await this.host.link.command("hmget", [this.#key, ...fields]);
    this.#known = this.#check(reply as readonly Reply[]);
    return this.#known;
  }

  /** Finds it, or makes it. The registry knows the namespace before it is there: what is there can be found. */
  async make(): Promise<RootFacts> {
    const found = await this.find();
    if (found !== undefined) return found;
    const { link, prefix, partitions, random } = this.host;
    await link.command("sadd", [namespacesKey(prefix), namespaceMember(this.id)]);
    const made = await link.run(scripts.makeRoot, this.#key, [partitions, newId(random)]);
    this.#known = this.#check(made as readonly Reply[]);
    return this.#known as RootFacts;
  }

  async beginLoad(load: string): Promise<void> {
    await this.host.link.command("hset", [this.#key, `load:${load}`, "open"]);
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

  async drop(): Promise<void> {
    this.#known = undefined;
    await this.host.link.command("del", [this.#key]);
  }

  #check([partitions, generation, format]: readonly Reply[]): RootFacts | undefined {
    if (generation === null || generation === undefined) return undefined;
    const version = Number(word(format as Reply));
    if (version > LAYOUT_VERSION) {
      throw new NadbError("NADB_NEWER_FORMAT", `${this.#key} is of layout ${version}`, {
        hint: `this version of @nadb/backend-redis knows layouts up to ${LAYOUT_VERSION}`,
      });
    }
    const facts = { partitions: Number(partitions), generation: word(generation) };
    const { choosesPartitions, partitions: chosen } = this.host;
    if (!choosesPartitions || facts.partitions === chosen) return facts;
    throw new NadbError(
      "NADB_INVALID_ARGUMENT",
      `${namespaceMember(this.id)} has ${facts.partitions} partitions, not ${chosen}`,
      { hint: "leave the option out, or copy the namespace into a new one" },
    );
  }
}
