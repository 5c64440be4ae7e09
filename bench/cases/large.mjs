// One value of 64 MiB, of random bytes: the worst for compression, hashes and copies.
import { openManager, openNadb, writers } from "../contenders.mjs";
import { measure, timed } from "../measure.mjs";
import { chance, noise } from "../records.mjs";

const BYTES = 64 << 20;
const KEY = "large";

export const large = { name: "large", run };

async function run({ folders, runs, note }) {
  const value = repeated(noise(1 << 20, chance(1)), BYTES);
  const steps = stepsOf(folders, value);
  const samples = await measure(steps, { runs, note });
  await steps.close();
  const row = (what, name, peer) => ({
    what: `64 MiB value: ${what}`,
    samples: samples[name],
    ...(peer && { peer: { name: "raw lmdb", samples: samples[peer] } }),
  });
  return [
    row("set", "set", "rawSet"),
    row("get", "get", "rawGet"),
    row("full backup", "backup"),
    row("verify", "verify"),
    row("restore", "restore"),
  ];
}
