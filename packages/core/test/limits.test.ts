// Where each limit lies: the last that is allowed, the first that is not, and what the message names.
import { describe, expect, it } from "vitest";
import {
  canonicalTags,
  checkCommitId,
  checkKey,
  checkMutations,
  checkName,
  checkTag,
  checkTagQuery,
  checkTime,
  checkValue,
  expiryAfter,
  MAX_TIME_MS,
  pageLimit,
  quote,
} from "../src/limits.js";
import { refuses } from "./refuses.js";

type Call = () => unknown;
type Refusal = readonly [what: string, call: Call, names: string | RegExp];
type Allowed = readonly [what: string, call: Call];

/** JavaScript passes what TypeScript would not. */
const wrong = <T>(value: unknown): T => value as T;
const put = (more: object) =>
  wrong<never>({ type: "put", key: "k", value: new Uint8Array(9), ...more });

const seal = (length: unknown) => ({ length, contentHash: new Uint8Array(32) });

const numbered = (count: number): string[] => Array.from({ length: count }, (_, i) => String(i));

const KEYS_ALLOWED: Allowed[] = [
  ["a key of 1,024 characters of one byte", () => checkKey("k".repeat(1_024))],
  ["a key of 512 characters of two", () => checkKey("é".repeat(512))],
  ["a key of 341 characters of three and one of one", () => checkKey(`${"日".repeat(341)}k`)],
  ["a key of 256 characters of four", () => checkKey("😀".repeat(256))],
  ["a key of a single zero", () => checkKey("\0")],
  ["a tag of 256 characters of one byte", () => checkTag("t".repeat(256))],
  ["a tag of 64 characters of four", () => checkTag("😀".repeat(64))],
];

const KEYS_REFUSED: Refusal[] = [
  ["an empty key", () => checkKey(""), "the key is empty"],
  [
    "a key of 1,025 characters",
    () => checkKey("k".repeat(1_025)),
    /"k+….* has 1025 bytes .*at most 1024/,
  ],
  [
    "a key of 513 characters of two bytes",
    () => checkKey("é".repeat(513)),
    "has 1026 bytes as UTF-8",
  ],
  ["a key of 342 characters of three", () => checkKey("日".repeat(342)), "has 1026 bytes as UTF-8"],
  ["a key of 257 characters of four", () => checkKey("😀".repeat(257)), "has 1028 bytes as UTF-8"],
  ["a key with half a character", () => checkKey("a\ud83d"), "well-formed"],
  ["a key that is a number", () => checkKey(7), "a key is a string, not number"],
  ["a key that is null", () => checkKey(null), "a key is a string, not object"],
  ["an empty tag", () => checkTag(""), "the tag is empty"],
  [
    "a tag of 257 characters",
    () => checkTag("t".repeat(257)),
    "has 257 bytes as UTF-8, at most 256",
  ],
  ["a tag of 65 characters of four", () => checkTag("😀".repeat(65)), "has 260 bytes"],
  [
    "tags that are one string",
    () => canonicalTags(wrong("tag")),
    "an array of strings, not string",
  ],
  ["65,536 tags", () => canonicalTags(numbered(65_536)), "65536 tags"],
];

const NAMES_ALLOWED = ["a", "0", "A.b_c-9", "x".repeat(128)];
const NAMES_REFUSED = [
  "",
  ".",
  "..",
  "../a",
  "a/b",
  "-a",
  "_a",
  "a b",
  "é",
  "a\n",
  "a\0",
  "x".repeat(129),
];

const TIMES_ALLOWED: Allowed[] = [
  ["the first millisecond", () => checkTime("expiresAt", 1)],
  ["the last millisecond of all time", () => checkTime("expiresAt", MAX_TIME_MS)],
];

const TIMES_REFUSED: Refusal[] = [
  0,
  -1,
  1.5,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  MAX_TIME_MS + 1,
  "1",
].map((time) => [
  `the time ${String(time)}`,
  () => checkTime("expiresAt", time),
  `expiresAt ${time}`,
]);

const TTLS_REFUSED: Refusal[] = [0, -0, -1, Number.NaN, Number.NEGATIVE_INFINITY, "5", null].map(
  (ttl) => [`a TTL of ${String(ttl)}`, () => expiryAfter(1_000, ttl), `ttlSeconds ${String(ttl)}`],
);

const OTHERS_ALLOWED: Allowed[] = [
  ["a value of the largest size", () => checkValue("k", new Uint8Array(9), 9)],
  ["a Buffer", () => checkValue("k", Buffer.alloc(9), 9)],
  ["a commit id of one character", () => checkCommitId("1")],
  ["a commit id of 128 characters", () => checkCommitId("x".repeat(128))],
  ["a page of 1", () => pageLimit({ limit: 1 })],
  ["a page of 10,000", () => pageLimit({ limit: 10_000 })],
  ["a mutation at every limit", () => checkMutations([put({ expiresAt: MAX_TIME_MS })], 9)],
  ["a seal of a value of the largest size", () => checkMutations([put({ seal: seal(9) })], 9)],
  ["a seal of an empty value", () => checkMutations([put({ seal: seal(0) })], 9)],
];

const OTHERS_REFUSED: Refusal[] = [
  [
    "a value one byte too large",
    () => checkValue("k", new Uint8Array(10), 9),
    /"k" has 10 bytes.* at most 9/,
  ],
  [
    "a value that is a string",
    () => checkValue("k", "text", 9),
    'the value of "k" is no Uint8Array',
  ],
  ["an empty commit id", () => checkCommitId(""), 'commit id ""'],
  ["a commit id of 129 characters", () => checkCommitId("x".repeat(129)), "1 to 128"],
  ["a commit id with half a character", () => checkCommitId("\ud83d"), "commit id"],
  ["a commit id that is a number", () => checkCommitId(1), "commit id 1"],
  ["a page of 0", () => pageLimit({ limit: 0 }), "limit 0"],
  ["a page of 10,001", () => pageLimit({ limit: 10_001 }), "limit 10001"],
  ["a page of half a key", () => pageLimit({ limit: 0.5 }), "limit 0.5"],
  ["a query for an empty tag", () => checkTagQuery({ none: ["a", ""] }), "the tag is empty"],
  ["a query for tags that are one string", () => checkTagQuery({ any: wrong("a") }), "not string"],
  ["an unknown mutation", () => checkMutations([put({ type: "increment" })], 9), '"increment"'],
  ["a put of too large a value", () => checkMutations([put({})], 8), "has 9 bytes"],
  [
    "a put that expires at no time",
    () => checkMutations([put({ expiresAt: 0.5 })], 9),
    "expiresAt 0.5",
  ],
  [
    "a seal of a value one byte too large",
    () => checkMutations([put({ seal: seal(10) })], 9),
    /"k" has 10 bytes.* at most 9/,
  ],
  ...[-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, "9", undefined].map(
    (length): Refusal => [
      `a seal that says ${String(length)} bytes`,
      () => checkMutations([put({ seal: seal(length) })], 9),
      `the seal of "k" says ${String(length)} bytes`,
    ],
  ),
  ...[new Uint8Array(31), new Uint8Array(33), new Array(32).fill(0), "0".repeat(32), undefined].map(
    (contentHash, i): Refusal => [
      `a seal without a hash (${i})`,
      () => checkMutations([put({ seal: { length: 9, contentHash } })], 9),
      'the seal of "k" has no hash of 32 bytes',
    ],
  ),
  ["a seal that is null", () => checkMutations([put({ seal: null })], 9), 'the seal of "k"'],
  ["a delete of an empty key", () => checkMutations([{ type: "delete", key: "" }], 9), "empty"],
];

describe("limits allow", () => {
  it.each([...KEYS_ALLOWED, ...TIMES_ALLOWED, ...OTHERS_ALLOWED])("%s", (_what, call) => {
    expect(call).not.toThrow();
  });

  it.each(NAMES_ALLOWED)("the name %j", (name) => {
    checkName("namespace", name);
  });

  it("65,535 tags", () => {
    expect(canonicalTags(numbered(65_535))).toHaveLength(65_535);
  });
});

describe("limits refuse", () => {
  it.each([...KEYS_REFUSED, ...TIMES_REFUSED, ...TTLS_REFUSED, ...OTHERS_REFUSED])(
    "%s",
    (_what, call, names) => {
      refuses("NADB_INVALID_ARGUMENT", call, names);
    },
  );

  it.each(NAMES_REFUSED)("the name %j", (name) => {
    refuses(
      "NADB_INVALID_ARGUMENT",
      () => checkName("backup id", name),
      /^backup id ".*" is not allowed/s,
    );
  });

  it("a name that is no string", () => {
    refuses(
      "NADB_INVALID_ARGUMENT",
      () => checkName("namespace", undefined),
      "namespace undefined",
    );
  });
});

describe("expiryAfter", () => {
  it.each([
    [1, 2_000],
    [0.001, 1_001],
    [0.0005, 1_001],
    [0.0001, 1_001],
    [Number.MIN_VALUE, 1_001],
    [1.0004, 2_000],
    [1.0006, 2_001],
    [(MAX_TIME_MS - 1_000) / 1_000, MAX_TIME_MS],
  ])("%d seconds from 1000 is %d: exact to the millisecond, and never at once", (ttl, expected) => {
    expect(expiryAfter(1_000, ttl)).toBe(expected);
  });

  it.each([Number.POSITIVE_INFINITY, Number.MAX_VALUE, MAX_TIME_MS / 1_000])(
    "refuses %d seconds: no clock will ever show it",
    (ttl) => {
      refuses("NADB_INVALID_ARGUMENT", () => expiryAfter(1_000, ttl), "beyond all time");
    },
  );
});

describe("canonicalTags", () => {
  it("sorts by UTF-8 bytes, drops duplicates and leaves its argument alone", () => {
    const given = Object.freeze(["😀", "\uffff", "b", "a", "b"]);
    expect(canonicalTags(given)).toEqual(["a", "b", "\uffff", "😀"]);
  });

  it("of no tags are none", () => {
    expect([canonicalTags(undefined), canonicalTags([])]).toEqual([[], []]);
  });
});

describe("a value quoted in a message", () => {
  it("is one line, bounded, and says what it is", () => {
    expect(quote("a\nb")).toBe('"a\\nb"');
    expect(quote(undefined)).toBe("undefined");
    const long = quote("x".repeat(100_000));
    expect(long.length).toBeLessThanOrEqual(80);
    expect(long).toMatch(/^"x+…"$/);
  });
});
