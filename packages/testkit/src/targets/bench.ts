// The workbench that a law about targets finds: an empty target, chance, and a way to more clients of the same files.
import assert from "node:assert/strict";
import type { BackupTarget } from "@nadb/backup";
import type { OpenTarget } from "../backups/suite.js";
import { TestClock, TestEnvironment } from "../environment.js";
import type { Random } from "../random.js";
import { readAll, textOf, write } from "./files.js";

const START = Date.UTC(2031, 4, 17, 12);

/** One promise of targets: its name, and the cases that test it, each a sentence that goes on from the name. */
export interface TargetLaw {
  readonly name: string;
  readonly cases: Readonly<Record<string, (bench: TargetBench) => Promise<void>>>;
}

export class TargetBench {
  private constructor(
    readonly target: BackupTarget,
    readonly random: Random,
    readonly clock: TestClock,
    readonly openAnother: () => Promise<BackupTarget>,
  ) {}

  /** Runs `test` on a bench of its own and clears everything away. */
  static async use(
    open: OpenTarget,
    random: Random,
    test: (bench: TargetBench) => Promise<void>,
  ): Promise<void> {
    const clock = new TestClock(START);
    const environment = new TestEnvironment(clock.now);
    const openAnother = async () => open(environment);
    try {
      const target = await openAnother();
      await test(new TargetBench(target, random, clock, openAnother));
      await checkListing(target);
    } finally {
      await environment.cleanUp();
    }
  }

  /** Another client of the same files; undefined where a target has but one. */
  async secondClient(): Promise<BackupTarget | undefined> {
    const second = await this.openAnother();
    await write(this.target, "probe/of-clients", "probe");
    const shares = (await second.size("probe/of-clients")) !== undefined;
    if (shares) assert.equal(await textOf(second, "probe/of-clients"), "probe");
    await this.target.remove("probe");
    return shares ? second : undefined;
  }
}

/** It ends every test: what is listed can be read, is as long as it says, and nothing is listed twice. */
async function checkListing(target: BackupTarget, folder = ""): Promise<void> {
  const entries = await target.list(folder);
  const names = entries.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length, `check: ${folder} lists a name twice`);
  for (const { name, type, size } of entries) {
    const path = folder === "" ? name : `${folder}/${name}`;
    if (type === "folder") await checkListing(target, path);
    else {
      assert.equal(await target.size(path), size, `check: the size of ${path}`);
      assert.equal((await readAll(target, path)).length, size, `check: the bytes of ${path}`);
    }
  }
}
