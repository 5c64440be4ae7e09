// Backends that write together what waits together, and get it wrong.
import { type Commit, isNadbError, type StorageNamespace } from "@nadb/core";
import { turn } from "../../src/alongside.js";
import type { OpenBackend } from "../../src/index.js";
import { strictBackend } from "../strict-kv.js";
import { type Mutant, namespace, override } from "./mutant.js";

type Call = () => Promise<Commit>;
type Outcome = PromiseSettledResult<Commit>;

/** Gathers what is called in one turn, and hands it on as `run` says; outcomes in the order of the calls. */
const gathering = (run: (calls: readonly Call[]) => Promise<Outcome[]>): OpenBackend =>
  namespace((inner) => {
    let waiting: Call[] = [];
    let outcomes: Promise<Outcome[]> | undefined;
    return {
      commit: async (mutations, options) => {
        const place = waiting.push(() => inner.commit(mutations, options)) - 1;
        outcomes ??= turn().then(() => {
          const calls = waiting;
          [waiting, outcomes] = [[], undefined];
          return run(calls);
        });
        const outcome = (await outcomes)[place] as Outcome;
        if (outcome.status === "rejected") throw outcome.reason;
        return outcome.value;
      },
    };
  });

const settle = (calls: readonly Call[]): Promise<Outcome[]> =>
  Promise.allSettled(calls.map((call) => call()));

export const groupMutants: readonly Mutant[] = [
  {
    does: "writes what waits last call first",
    caughtBy: "commits at once › take effect in the order of the calls",
    open: gathering(async (calls) => (await settle(calls.toReversed())).reverse()),
  },
  {
    does: "refuses all that wait together for the fault of one",
    caughtBy: "commits at once › fail each alone: on a conflict, on bad input, on a signal",
    open: gathering(async (calls) => {
      const settled = await settle(calls);
      const refused = settled.find((one) => one.status === "rejected");
      return refused === undefined ? settled : settled.map(() => refused);
    }),
  },
  {
    does: "answers all that wait together with the cut of the first",
    caughtBy: "commits at once › each answer a cut that holds it",
    open: gathering(async (calls) => {
      const settled = await settle(calls);
      const cut = settled.find((one) => one.status === "fulfilled")?.value.checkpoint ?? "";
      return settled.map((one) =>
        one.status === "rejected" ? one : { ...one, value: { ...one.value, checkpoint: cut } },
      );
    }),
  },
  {
    does: "acknowledges what its close has cut off",
    caughtBy:
      "commits at once › that close comes upon are there afterwards, or were refused (if durable)",
    open: (environment) => {
      const inner = strictBackend(environment);
      return override(inner, { namespace: async (id) => careless(await inner.namespace(id)) });
    },
  },
];

const careless = (handle: StorageNamespace): StorageNamespace =>
  override(handle, {
    commit: async (mutations, options) => {
      await turn();
      return handle.commit(mutations, options).catch((error: unknown) => {
        if (!isNadbError(error, "NADB_CLOSED")) throw error;
        return { checkpoint: "", versions: [] };
      });
    },
  });
