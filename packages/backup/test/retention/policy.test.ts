// Policies that are refused, and the shorter words.
import { describe, expect, it } from "vitest";
import { checkPolicy, policyOfCleanup, type RetentionPolicy } from "../../src/index.js";

const refused = (says: string) =>
  expect.objectContaining({
    code: "NADB_INVALID_ARGUMENT",
    message: expect.stringContaining(says),
  });

describe("a retention policy › is refused", () => {
  it.each<[object, string]>([
    [{}, "keeps nothing"],
    [{ keepLast: 0, keepDaily: 0, keepWithinSeconds: 0, keepLabels: [] }, "keeps nothing"],
    [{ timeZone: "Europe/Berlin" }, "keeps nothing"],
    [{ keepLast: undefined }, "keeps nothing"],
    [{ keepLast: -1 }, "keepLast -1"],
    [{ keepDaily: 1.5 }, "keepDaily 1.5"],
    [{ keepWeekly: "7" }, 'keepWeekly "7"'],
    [{ keepYearly: Number.POSITIVE_INFINITY }, "keepYearly"],
    [{ keepLast: null }, "keepLast null"],
    [{ keepWithinSeconds: -1, keepLast: 1 }, "keepWithinSeconds -1"],
    [{ keepWithinSeconds: Number.NaN, keepLast: 1 }, "keepWithinSeconds"],
    [{ keepLabels: "release" }, "keepLabels"],
    [{ keepLabels: ["../x"] }, 'label "../x"'],
    [{ keepLast: 1, timeZone: "Mars/Olympus" }, "Mars/Olympus"],
    [{ keepLast: 1, keepFortnightly: 2 }, '"keepFortnightly"'],
    [{ keep_last: 1 }, '"keep_last"'],
    [[], "no object"],
  ])("%j", (policy, says) => {
    expect(() => checkPolicy(policy as RetentionPolicy)).toThrow(refused(says));
  });

  it("no policy at all", () => {
    expect(() => checkPolicy(null as unknown as RetentionPolicy)).toThrow(refused("no object"));
  });
});

describe("a retention policy › is one", () => {
  it.each<RetentionPolicy>([
    { keepLast: 1 },
    { keepWithinSeconds: 0.5 },
    { keepLabels: ["release"] },
    { keepLast: 0, keepYearly: 1, timeZone: "Europe/Berlin" },
  ])("%j", (policy) => {
    expect(() => checkPolicy(policy)).not.toThrow();
  });
});

describe("a clean-up policy", () => {
  it("keeps what is young, and the newest", () => {
    const policy = { keepLast: 7, keepWithinSeconds: 7 * 86_400 };
    expect(policyOfCleanup({ keepDays: 7, keepCount: 7 })).toEqual(policy);
    expect(policyOfCleanup({ keepCount: 3 })).toEqual({ keepLast: 3 });
  });

  it.each<[object, string]>([
    [{}, "keeps nothing"],
    [{ keepDays: 0, keepCount: 0 }, "keeps nothing"],
    [{ keepDays: -1, keepCount: 1 }, "keepDays -1"],
    [{ keepDays: 1, keepCount: -1 }, "keepCount -1"],
    [{ keepDays: 1, keepLast: 1 }, '"keepLast"'],
  ])("%j is refused", (policy, says) => {
    expect(() => policyOfCleanup(policy)).toThrow(refused(says));
  });
});
