// Verifying a full backup: every checksum, every record against the state digest.
import { measure, timed } from "../measure.mjs";

export const verify = { name: "verify", run };

async function run({ filled, records, runs, note }) {
  const { manager } = await filled.backup();
  const check = async () => {
    const { ok } = await manager.verifyBackup("full");
    if (!ok) throw new Error("the backup is damaged");
  };
  const { nadb } = await measure({ nadb: () => timed(records, check) }, { runs, note });
  return [{ what: "verify", samples: nadb }];
}
