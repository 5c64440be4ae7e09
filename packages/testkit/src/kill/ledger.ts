// The law of the ledger: each balance is the sum of the transfers that are booked; what was acknowledged is booked,
// and nothing is that was never asked for.
import type { Judge, Kept } from "./judge.js";
import type { Line } from "./lines.js";

interface Transfer {
  readonly from: number;
  readonly to: number;
  readonly amount: number;
}

const BOOKED = "transfer:";
const ACCOUNT = "account:";

export class Ledger implements Judge {
  readonly #asked = new Map<string, Transfer>();
  readonly #done = new Set<string>();

  hear({ transfer, from = 0, to = 0, amount = 0, done }: Line): boolean {
    if (transfer !== undefined) this.#asked.set(transfer, { from, to, amount });
    if (done !== undefined) this.#done.add(done);
    return done !== undefined;
  }

  check(found: ReadonlyMap<string, Kept>): void {
    const booked = [...found.keys()].filter((key) => key.startsWith(BOOKED));
    const names = new Set(booked.map((key) => key.slice(BOOKED.length)));
    for (const name of this.#done) {
      if (!names.has(name)) throw new Error(`the transfer ${name} was acknowledged and is lost`);
    }
    const balances = this.#balancesAfter(names, found);
    for (const account of [...found.keys()].filter((key) => key.startsWith(ACCOUNT))) {
      const [is, should] = [found.get(account)?.value, balances.get(account) ?? 0];
      if (is !== `${should}`) throw new Error(`${account} has ${is}, not ${should}`);
      balances.delete(account);
    }
    if (balances.size > 0) throw new Error(`${[...balances.keys()]} are lost`);
  }

  #balancesAfter(names: Iterable<string>, found: ReadonlyMap<string, Kept>): Map<string, number> {
    const balances = new Map<string, number>();
    const add = (number: number, amount: number): void => {
      const account = `${ACCOUNT}${number}`;
      balances.set(account, (balances.get(account) ?? 0) + amount);
    };
    for (const name of names) {
      const asked = this.#asked.get(name);
      const is = found.get(`${BOOKED}${name}`)?.value;
      if (asked === undefined || is !== JSON.stringify(asked)) {
        throw new Error(`the transfer ${name} is ${is}, asked for was ${JSON.stringify(asked)}`);
      }
      add(asked.from, -asked.amount);
      add(asked.to, asked.amount);
    }
    return balances;
  }
}
