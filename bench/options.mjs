// What the command line asks for.
import { parseArgs } from "node:util";

export const USAGE = `npm run bench -- [options]
  --records N   records per store (default 100000, with --quick 20000)
  --runs N      measured runs of each contender (default 5, with --quick 2)
  --only NAME   only the cases whose name begins with NAME; may be given several times; "peers" are the other
                stores, which are installed then
  --json FILE   write every sample to FILE, too
  --quick       small and rough, to see that it works`;

const spec = {
  records: { type: "string" },
  runs: { type: "string" },
  only: { type: "string", multiple: true },
  json: { type: "string" },
  quick: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
};

/** Throws a TypeError for an unknown option or a bad number. */
export function readOptions(args) {
  const { values } = parseArgs({ args: args.filter((arg) => arg !== "--"), options: spec });
  const { quick, only = [], json, help } = values;
  return {
    records: wholeNumber("--records", values.records, quick ? 20_000 : 100_000),
    runs: wholeNumber("--runs", values.runs, quick ? 2 : 5),
    only,
    json,
    quick,
    help,
  };
}

function wholeNumber(name, text, otherwise) {
  if (text === undefined) return otherwise;
  const number = Number(text);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new TypeError(`${name} takes a whole number above 0, not ${text}`);
}
