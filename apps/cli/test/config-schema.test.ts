// What is wrong with a configuration is said with the field that it is in, and the hint lists what may stand there.
import { expect, it } from "vitest";
import { limitsOf } from "../src/commands/backup/health-options.js";
import { checkConfig } from "../src/config-schema.js";
import type { Flags } from "../src/session.js";

const refused = (work: () => unknown): { message: string; hint: string } => {
  try {
    work();
  } catch (error) {
    return error as { message: string; hint: string };
  }
  throw new Error("it was not refused");
};

it.each<[object, string, string]>([
  [{ stroe: "x" }, '"stroe" is unknown', "its fields are store, db"],
  [
    { schedule: { ful: "@daily" } },
    '"schedule.ful" is unknown',
    '"schedule" are full, incremental',
  ],
  [
    { schedule: { verify: { cron: "@daily", wich: "all" } } },
    '"schedule.verify.wich" is unknown',
    '"schedule.verify" are cron, level, which',
  ],
  [{ health: { maxage: "1h" } }, '"health.maxage" is unknown', '"health" are maxAge'],
  [
    { schedule: { hooks: { timeoutSeconds: 0 } } },
    '"schedule.hooks.timeoutSeconds" is 0, not >0',
    '"schedule.hooks" are before, after, onFailure, timeoutSeconds',
  ],
])("%j", (config, says, hint) => {
  const error = refused(() => checkConfig("nadb.config.json", config));
  expect(error.message).toContain(says);
  expect(error.hint).toContain(hint);
});

it("a limit of health that is no span is named where it stands", () => {
  const id = { db: "d", namespace: "n" };
  const flags = { ...id, health: { maxAge: "24" } } as unknown as Flags;
  expect(refused(() => limitsOf({}, flags, id)).message).toContain('health.maxAge: "24"');
  expect(refused(() => limitsOf({ maxAge: "5" }, flags, id)).message).not.toContain("health.");
  expect(limitsOf({ maxAge: "off" }, flags, id)).toMatchObject({ maxAgeSeconds: null });
});
