// SIGKILL at any instant, again and again on the same folder: what was acknowledged stays, what was not is there whole
// or not at all, and the store stays at one with itself. NADB_KILLS=1000 kills more often; the draws are NADB_SEED's.
import { deriveSeed, type Random, seeded, seedOfRun } from "@nadb/testkit";
import { describe, it } from "vitest";
import { newFolder, openStore } from "./folders.js";
import { Counters } from "./kill/counters.js";
import { History } from "./kill/history.js";
import type { Judge } from "./kill/judge.js";
import { Ledger } from "./kill/ledger.js";
import { examine, Victim } from "./kill/victim.js";

const WORKLOADS: [string, () => Judge][] = [
  ["single sets", () => new History("a:")],
  ["64 sets in flight", () => new History("a:")],
  ["batches", () => new History("a:")],
  ["deletes and overwrites", () => new History("a:")],
  ["compressed values", () => new History("a:")],
  ["expiry and sweeps", () => new History("a:")],
  ["buffered sets", () => new History("a:", true)],
  ["a small buffer", () => new History("a:")],
  ["transfers", () => new Ledger()],
  ["counters", () => new Counters()],
];
const KILLS = Math.ceil(Number(process.env.NADB_KILLS ?? 120) / WORKLOADS.length);
const PAIR_KILLS = Math.ceil(KILLS / 3);
const TIMEOUT_MS = 30_000 + KILLS * 10_000;

/** Runs a round so many times; what fails says which it was, and of which draws. */
async function rounds(
  name: string,
  times: number,
  round: (number: number, random: Random) => Promise<void>,
): Promise<void> {
  const seed = seedOfRun();
  const random = seeded(deriveSeed(seed, name));
  for (let number = 0; number < times; number++) {
    try {
      await round(number, random);
    } catch (error) {
      throw new Error(`kill ${number + 1} (NADB_SEED=${seed}): ${error}`, { cause: error });
    }
  }
}

/** The folder of a store without records. */
async function madeFolder(): Promise<string> {
  const folder = newFolder();
  const store = await openStore(folder);
  await store.close();
  return folder;
}

describe(`a process killed ${KILLS} times loses nothing that it acknowledged`, () => {
  it.each(WORKLOADS)(
    "of %s",
    async (workload, newJudge) => {
      const [folder, judge] = [await madeFolder(), newJudge()];
      let next = new Victim(folder, workload, judge);
      await rounds(workload, KILLS, async (number, random) => {
        const victim = next;
        victim.begin(number);
        await victim.killSometime(random);
        next = new Victim(folder, workload, judge); // loads while the store is examined
        await examine(folder, number, [judge]);
      });
    },
    TIMEOUT_MS,
  );
});

describe(`of two processes one is killed while both write, ${PAIR_KILLS} times: the other goes on`, () => {
  const pairOf = (newJudge: (writer: string) => Judge): [Judge, Judge] => [
    newJudge("a"),
    newJudge("b"),
  ];
  const both = (judge: Judge): [Judge, Judge] => [judge, judge];

  const PAIRS: [string, () => [Judge, Judge]][] = [
    ["64 sets in flight", () => pairOf((writer) => new History(`${writer}:`))],
    ["batches", () => pairOf((writer) => new History(`${writer}:`))],
    ["transfers", () => both(new Ledger())],
    ["counters", () => both(new Counters())],
  ];

  it.each(PAIRS)(
    "and nothing that either acknowledged is lost of %s",
    async (workload, newJudges) => {
      const [folder, judges] = [await madeFolder(), newJudges()];
      await rounds(`two: ${workload}`, PAIR_KILLS, async (number, random) => {
        const victim = new Victim(folder, workload, judges[0], "a");
        const other = new Victim(folder, workload, judges[1], "b");
        for (const one of [victim, other]) one.begin(number);
        await other.work(1);
        await victim.killSometime(random);
        await other.work(100);
        await other.stop();
        await examine(folder, number, judges);
      });
    },
    TIMEOUT_MS,
  );
});
