// One partition of a namespace: runs scripts there, and sees to what stands in their way: a partition that is not made yet,
// a load that somebody is deciding on or has died over, a generation that is newer than the one known here.
import type { Host } from "./host.js";
import { headKey, partitionBase } from "./keys.js";
import { type Argument, type Reply, type Script, word } from "./link.js";
import type { Root, RootFacts } from "./root.js";
import { SCRIPT_BYTES, SCRIPT_CHANGES } from "./script-size.js";
import { scripts } from "./scripts.js";

/** How long a load may take to be decided once it has frozen something, before whoever waits gives it up. */
const DECIDED_WITHIN_MS = 3_000;
const PAUSE_MS = 5;

export type Answer = readonly Reply[];

export class Partition {
  readonly base: string;
  readonly #key: string;

  constructor(
    readonly host: Host,
    readonly root: Root,
    readonly index: number,
    partitions: number,
  ) {
    this.base = partitionBase(host.prefix, root.id, index, partitions);
    this.#key = headKey(this.base);
  }

  get headKey(): string {
    return this.#key;
  }

  /** Undefined: there is no such namespace. */
  async read(script: Script, args: readonly Argument[]): Promise<Answer | undefined> {
    return this.#ask(script, args, () => this.root.find());
  }

  /** Makes the namespace when it is not there. */
  async write(script: Script, args: readonly Argument[]): Promise<Answer> {
    return (await this.#ask(script, args, () => this.root.make())) as Answer;
  }

  /** Runs a script that cares for itself. */
  async raw(script: Script, args: readonly Argument[], generation = ""): Promise<Answer> {
    const all = [this.base, generation, ...args];
    return (await this.host.link.run(script, this.#key, all)) as Answer;
  }

  /** Lays a merging load over the content, to its end. */
  async merge(load: string): Promise<void> {
    for (;;) {
      const args = [load, this.host.clock(), SCRIPT_CHANGES, SCRIPT_BYTES];
      if (word((await this.raw(scripts.merge, args))[1]) === "") return;
    }
  }

  /** Meets what is in the way of the script that answered so, once it is worth another try. */
  async overcome(answer: Answer, since: number): Promise<void> {
    const about = word(answer[1]);
    switch (word(answer[0])) {
      case "merging":
        return this.merge(about);
      case "frozen":
        return this.#settle(about, since);
      default:
        return this.#catchUp(about);
    }
  }

  async #ask(
    script: Script,
    args: readonly Argument[],
    rootFacts: () => Promise<RootFacts | undefined>,
  ): Promise<Answer | undefined> {
    const since = Date.now();
    for (;;) {
      const facts = await rootFacts();
      if (facts === undefined) return undefined;
      const answer = await this.raw(script, args, facts.generation);
      if (!IN_THE_WAY.has(word(answer[0]))) return answer;
      if (word(answer[0]) === "absent") await this.#miss(facts);
      else await this.overcome(answer, since);
    }
  }

  /** The namespace has been dropped since its root was read, or this partition is lost. */
  async #miss({ generation }: RootFacts): Promise<void> {
    const facts = await this.root.refresh();
    if (facts?.generation === generation) throw this.root.lost(this.index, "is missing");
  }

  /** A load has frozen this partition. Its root knows whether it will be; nobody deciding, it will not. */
  async #settle(load: string, since: number): Promise<void> {
    const verdict = await this.root.verdict(load);
    if (verdict === "commit") {
      await this.raw(scripts.finish, [load]);
    } else if (verdict === "abort" || verdict === undefined) {
      await this.raw(scripts.thaw, [load]);
    } else if (Date.now() - since > DECIDED_WITHIN_MS) {
      await this.root.decide(load, "abort", "");
    } else {
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }

  /** The partition is of another generation than was known here. */
  async #catchUp(generation: string): Promise<void> {
    const facts = await this.root.refresh();
    if (facts === undefined || facts.generation === generation) return;
    const again = await this.raw(scripts.head, [], facts.generation);
    if (word(again[0]) !== "moved" || word(again[1]) !== generation) return;
    throw this.root.lost(this.index, "holds the content of another generation");
  }
}

const IN_THE_WAY = new Set(["absent", "frozen", "merging", "moved"]);
