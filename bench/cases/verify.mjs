// Verifying a full backup: every checksum, every record against the state digest.
import { timedVerify } from "../contenders.mjs";
import { measure } from "../measure.mjs";

const GOAL = { perSecond: 300_000 };

export const verify = { name: "verify", run };

async function run({ filled, records, runs, note }) {
  const { manager } = await filled.nadb();
  const { nadb } = await measure({ nadb: () => timedVerify(manager, records) }, { runs, note });
  return [{ what: "verify, level full", samples: nadb, goal: GOAL }];
}
