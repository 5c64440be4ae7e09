// A slot on its way from one master to another, held open for as long as a test wants: clients are answered with -ASK
// for keys that are gone already, with -TRYAGAIN for a command over keys of both sides, and with -MOVED at the end.
import type { Server } from "./standalone.js";

const KEYS_AT_A_TIME = 100;
const TIMEOUT_MILLISECONDS = 10_000;

export interface Ends {
  readonly slot: number;
  readonly from: Server;
  readonly to: Server;
  /** The masters that are told at the end. */
  readonly masters: readonly Server[];
}

export class SlotMove {
  readonly slot: number;
  readonly from: Server;
  readonly to: Server;
  readonly #masters: readonly Server[];

  private constructor({ slot, from, to, masters }: Ends) {
    this.slot = slot;
    this.from = from;
    this.to = to;
    this.#masters = masters;
  }

  /** Both sides know of the move; no key has moved yet. */
  static async begin(ends: Ends): Promise<SlotMove> {
    const { slot, from, to } = ends;
    await to.call("CLUSTER", "SETSLOT", slot, "IMPORTING", await idOf(from));
    await from.call("CLUSTER", "SETSLOT", slot, "MIGRATING", await idOf(to));
    return new SlotMove(ends);
  }

  /** Moves at most `count` keys. Answers how many there were. */
  async moveKeys(count: number): Promise<number> {
    const source = this.from.client();
    try {
      const keys = await source.callBuffer("CLUSTER", "GETKEYSINSLOT", this.slot, count);
      if (Array.isArray(keys) && keys.length > 0) {
        await source.call("MIGRATE", ...this.#target(), "KEYS", ...keys);
      }
      return (keys as unknown[]).length;
    } finally {
      source.disconnect();
    }
  }

  /** Moves what is left; from then on the slot is the other's. */
  async finish(): Promise<void> {
    while ((await this.moveKeys(KEYS_AT_A_TIME)) > 0);
    const id = await idOf(this.to);
    const told = [this.to, this.from, ...this.#masters]; // the new owner first: a slot is never without one
    for (const master of new Set(told))
      await master.call("CLUSTER", "SETSLOT", this.slot, "NODE", id);
  }

  /** The slot stays where it was. REQUIRES: no key has moved. */
  async abandon(): Promise<void> {
    for (const side of [this.from, this.to])
      await side.call("CLUSTER", "SETSLOT", this.slot, "STABLE");
  }

  #target(): (string | number)[] {
    const { host, port, password } = this.to;
    const login = password === "" ? [] : ["AUTH", password];
    return [host, port, "", 0, TIMEOUT_MILLISECONDS, "REPLACE", ...login];
  }
}

/** The name of a node in its cluster. */
export const idOf = async (server: Server): Promise<string> =>
  (await server.call("CLUSTER", "MYID")) as string;
