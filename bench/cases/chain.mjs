// A chain of one full backup and 30 incrementals beside a single full backup of the same content.
import { addChain, LINKS } from "../chain.mjs";
import { openManager, timedRestore, timedVerify } from "../contenders.mjs";
import { fillNadb } from "../filled.mjs";
import { measure } from "../measure.mjs";
import { records as recordsOf } from "../records.mjs";

export const chain = { name: "chain", run };

async function run({ folders, records, runs, note }) {
  const filled = await fillNadb(folders, recordsOf({ count: records }));
  const backupId = await addChain(filled, records);
  const single = await fullOf(filled.store, folders);
  const samples = await measure(
    {
      chain: () => timedRestore(filled.repository, folders, single.count, { backupId }),
      single: () => timedRestore(single.repository, folders, single.count),
      verifyChain: () => timedVerify(filled.manager, single.count, backupId),
      verifySingle: () => timedVerify(single.manager, single.count),
    },
    { runs, note },
  );
  await filled.close();
  const peer = (name) => ({ name: "the equal single full", samples: samples[name] });
  const [restoreGoal, noGoal] = [{ goal: { times: 1.3 } }, {}];
  return [
    row("restore", samples.chain, peer("single"), restoreGoal),
    row("verify", samples.verifyChain, peer("verifySingle"), noGoal),
  ];
}

const row = (work, samples, peer, goal) => ({
  what: `${work} of a full and ${LINKS} incrementals of 1 %`,
  samples,
  peer,
  ...goal,
});

/** One full backup of what the chain leads to, in a repository of its own. */
async function fullOf(store, folders) {
  const repository = folders.fresh("repository");
  const manager = await openManager(store, repository);
  const { recordCount } = await manager.createBackup({ backupId: "full" });
  return { repository, manager, count: recordCount };
}
