// The kill suite: SIGKILL at any instant, again and again on the same storage. What was acknowledged stays, what was not is
// there whole or not at all, and the store stays at one with itself.
import { deriveSeed, type Random, seeded, seedOfRun } from "../random.js";
import type { Runner } from "../runner.js";
import type { KillPlace } from "./place.js";
import { Scene } from "./scene.js";
import { OF_TWO, WORKLOADS } from "./workloads.js";

export interface KillOptions {
  /** In all workloads together; NADB_KILLS in the environment takes its place. Default 120. */
  readonly kills?: number;
  /** Who dies. Default "writer": a process that writes, alone and beside another. */
  readonly killed?: "writer" | "server";
  /** Where drawing begins. Default: NADB_SEED in the environment, else always the same. */
  readonly seed?: number;
}

/** What happens once in a round. */
type Round = (number: number, random: Random) => Promise<void>;

/**
 * Declares tests that kill processes while they write: single sets and many in flight, batches, deletes, expiry, compressed
 * and buffered values, transfers of money and counters; and one of two processes that write at once. With
 * `killed: "server"` the server that the storage names dies and starts again, under writers that live on and together with
 * them. After each kill the store is opened and judged by what its writers had been told. Without transactions (`scopeOf`)
 * only the workloads of single keys are run. A failure names its kill and the seed.
 *
 * @example
 * const open: OpenStorage = (path, clock) => acmeBackend({ path, clock }); // victim.mjs: await killVictim(open)
 * const storage = ({ folder }) => ({ name: folder() });
 * killSuite({ describe, it }, { program: "test/victim.mjs", storage, open });
 */
export function killSuite(runner: Runner, place: KillPlace, options: KillOptions = {}): void {
  const suite = new KillSuite(runner, place, options.seed ?? seedOfRun());
  const kills = killsAsked(options.kills ?? 120);
  if (options.killed === "server") suite.declareServers(kills);
  else suite.declareWriters(kills);
}

class KillSuite {
  constructor(
    readonly runner: Runner,
    readonly place: KillPlace,
    readonly seed: number,
  ) {}

  declareWriters(kills: number): void {
    const times = Math.ceil(kills / Object.keys(WORKLOADS).length);
    const title = `a process killed ${times} times loses nothing that it acknowledged`;
    this.#declare(title, this.#workloads(), (name) => this.#killAlone(name, times));
    const some = Math.ceil(times / 3);
    const two = `of two processes one is killed while both write, ${some} times: the other goes on, nothing is lost`;
    this.#declare(two, this.#workloads(OF_TWO), (name) => this.#killOneOfTwo(name, some));
  }

  declareServers(kills: number): void {
    const times = Math.ceil(kills / Object.keys(WORKLOADS).length / 2);
    const title = `a server killed ${times} times while a process writes: the process goes on, nothing is lost or done twice`;
    this.#declare(title, this.#workloads(), (name) => this.#killServer(name, times));
    const both = `server and process killed together ${times} times lose nothing that was acknowledged`;
    this.#declare(both, this.#workloads(), (name) => this.#killBoth(name, times));
  }

  #workloads(names: readonly string[] = Object.keys(WORKLOADS)): readonly string[] {
    const { scopeOf } = this.place;
    return names.filter((name) => scopeOf === undefined || WORKLOADS[name]?.isOfSingleKeys);
  }

  #declare(title: string, names: readonly string[], test: (name: string) => Promise<void>): void {
    this.runner.describe(title, () => {
      for (const name of names) this.runner.it(`of ${name}`, () => test(name));
    });
  }

  #killAlone(name: string, times: number): Promise<void> {
    return Scene.use(this.place, name, ["a"], async (scene) => {
      let next = scene.newWriter();
      await this.#rounds(name, times, async (number, random) => {
        const writer = next;
        writer.begin(number);
        await writer.workSometime(random);
        await writer.kill();
        next = scene.newWriter(); // loads while the store is examined
        await scene.examine(number);
      });
    });
  }

  #killOneOfTwo(name: string, times: number): Promise<void> {
    return Scene.use(this.place, name, ["a", "b"], async (scene) => {
      await this.#rounds(`two: ${name}`, times, async (number, random) => {
        const [victim, other] = [scene.newWriter(0), scene.newWriter(1)];
        for (const one of [victim, other]) one.begin(number);
        await other.work(1);
        await victim.workSometime(random);
        await victim.kill();
        await other.work(100);
        await other.stop();
        await scene.examine(number);
      });
    });
  }

  #killServer(name: string, times: number): Promise<void> {
    return Scene.use(this.place, name, ["a"], async (scene) => {
      await this.#rounds(`server: ${name}`, times, async (number, random) => {
        const writer = scene.newWriter();
        writer.begin(number);
        await writer.work(1);
        await writer.workSometime(random);
        await scene.server.kill();
        await scene.server.restart();
        await writer.work(100);
        await writer.stop();
        await scene.examine(number);
      });
    });
  }

  #killBoth(name: string, times: number): Promise<void> {
    return Scene.use(this.place, name, ["a"], async (scene) => {
      await this.#rounds(`both: ${name}`, times, async (number, random) => {
        const writer = scene.newWriter();
        writer.begin(number);
        await writer.workSometime(random);
        await Promise.all([scene.server.kill(), writer.kill()]);
        await scene.server.restart();
        await scene.examine(number);
      });
    });
  }

  /** What fails says which kill it was, and of which draws. */
  async #rounds(name: string, times: number, round: Round): Promise<void> {
    const random = seeded(deriveSeed(this.seed, name));
    for (let number = 0; number < times; number++) {
      try {
        await round(number, random);
      } catch (error) {
        throw new Error(`kill ${number + 1} (NADB_SEED=${this.seed}): ${error}`, { cause: error });
      }
    }
  }
}

function killsAsked(usual: number): number {
  const text = process.env.NADB_KILLS ?? "";
  const kills = text === "" ? usual : Number(text);
  if (Number.isSafeInteger(kills) && kills > 0) return kills;
  throw new TypeError(`NADB_KILLS ${text} is not a whole number above 0`);
}
