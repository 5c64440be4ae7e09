// Bad input is refused before anything is written. One case per refusal; what is no string or number where
// one belongs comes from callers without TypeScript.
import type { Mutation, StorageNamespace } from "@nadb/core";
import { changesNothing, refuses } from "../assertions.js";
import type { Bench } from "../bench.js";
import { put } from "../generate.js";
import type { Law } from "../law.js";

type Attempt = (namespace: StorageNamespace, bench: Bench) => Promise<unknown>;

const LONE_SURROGATES = ["\ud800", "a\udc00b", "\ud83d"];
const CONTROLLED = "\0";

/** Something of the wrong type, as plain JavaScript may pass it. */
const wrong = <T>(value: unknown): T => value as T;

/** Commits the mutation, where the backend has transactions among innocent ones. */
const commits =
  (mutation: Mutation): Attempt =>
  (namespace, { capabilities: { transactions } }) =>
    namespace.commit(transactions ? [put("first"), mutation, put("last")] : [mutation]);

const KEYS: Record<string, unknown> = {
  "an empty key": "",
  "a key of 1,025 bytes": "x".repeat(1_025),
  "a key of 1,026 bytes in 342 characters": "日".repeat(342),
  "a key with a lone surrogate": LONE_SURROGATES[0],
  "a key with a lone surrogate inside": LONE_SURROGATES[1],
  "a key that ends in half a character": LONE_SURROGATES[2],
  "a key that is a number": 1,
  "a key that is undefined": undefined,
  "a key that is bytes": new Uint8Array(3),
};

const TAGS: Record<string, unknown> = {
  "an empty tag": [""],
  "a tag of 257 bytes": ["x".repeat(257)],
  "a tag of 258 bytes in 86 characters": ["日".repeat(86)],
  "a tag with a lone surrogate": ["ok", LONE_SURROGATES[0]],
  "a tag that is a number": [1],
  "a tag that is null": [null],
  "tags that are one string": "tag",
  "65,536 tags": Array.from({ length: 65_536 }, (_, i) => `t${i}`),
};

const VALUES: Record<string, unknown> = {
  "a value that is a string": "text",
  "a value that is undefined": undefined,
  "a value that is null": null,
  "a value that is an array of numbers": [1, 2, 3],
  "a value that is an ArrayBuffer": new ArrayBuffer(3),
  "a value that is a Uint16Array": new Uint16Array(3),
};

const TIMES: Record<string, unknown> = {
  "an expiry at 0": 0,
  "an expiry before 1970": -1,
  "an expiry of half a millisecond": 1_900_000_000_000.5,
  "an expiry that is NaN": Number.NaN,
  "an expiry that is infinite": Number.POSITIVE_INFINITY,
  "an expiry beyond all time": 8_640_000_000_000_001,
  "an expiry that is a Date": new Date(1_900_000_000_000),
  "an expiry that is a string": "1900000000000",
};

const NAMES: Record<string, string> = {
  "an empty name": "",
  "a name with a slash": "a/b",
  "a name that leads out of its folder": "..",
  "a name that begins with a dot": ".hidden",
  "a name that begins with a dash": "-a",
  "a name with a space": "a b",
  "a name with a letter beyond ASCII": "ä",
  "a name with a control character": `a${CONTROLLED}b`,
  "a name of 129 characters": "x".repeat(129),
};

const LIMITS: Record<string, unknown> = {
  "a limit of 0": 0,
  "a limit below 0": -1,
  "a limit that is no whole number": 1.5,
  "a limit of 10,001": 10_001,
  "a limit that is NaN": Number.NaN,
  "a limit that is a string": "5",
};

const CURSORS: Record<string, unknown> = {
  "an empty cursor": "",
  "a cursor nobody made": "no such cursor \0 %%%",
  "a cursor that is a number": 5,
};

const COMMIT_IDS: Record<string, unknown> = {
  "an empty commit id": "",
  "a commit id of 129 characters": "x".repeat(129),
  "a commit id that is a number": 1,
};

const SIZES: Record<string, unknown> = {
  "pageBytes of 0": 0,
  "pageBytes below 0": -1,
  "pageBytes that are NaN": Number.NaN,
};

const SWEEPS: Record<string, unknown> = {
  "a sweep at NaN": [Number.NaN, 10],
  "a sweep at no time": [undefined, 10],
  "a sweep with a limit below 0": [1_900_000_000_000, -1],
  "a sweep with a limit that is NaN": [1_900_000_000_000, Number.NaN],
};

const MUTATIONS: Record<string, unknown> = {
  "a mutation of unknown type": { type: "increment", key: "a" },
  "a mutation without a type": { key: "a", value: new Uint8Array() },
};

export const input: Law = {
  name: "bad input",
  cases: {
    ...refusals(KEYS, {
      "in a put": (key) => commits(put(wrong(key), "1")),
      "in a delete": (key) => commits({ type: "delete", key: wrong(key) }),
      "in getMany": (key) => (namespace) => namespace.getMany(["a", wrong(key)]),
      "in an expectation": (key) => (namespace) =>
        namespace.commit([], { expect: [{ key: wrong(key), version: null }] }),
    }),
    ...refusals(TAGS, {
      "in a put": (tags) => commits(put("a", "1", { tags: wrong(tags) })),
    }),
    ...refusals(withoutKeys(TAGS, "65,536 tags"), {
      "in a query": (tags) => (namespace) => namespace.query({ any: wrong(tags) }),
    }),
    ...refusals(VALUES, { "": (value) => commits({ type: "put", key: "a", value: wrong(value) }) }),
    ...refusals(TIMES, { "": (time) => commits(put("a", "1", { expiresAt: wrong(time) })) }),
    ...refusals(MUTATIONS, { "": (mutation) => commits(wrong(mutation)) }),
    ...refusals(COMMIT_IDS, {
      "": (id) => (namespace) => namespace.commit([put("a")], { id: wrong(id) }),
    }),
    ...refusals(LIMITS, {
      "in keys": (limit) => (namespace) => namespace.keys({ limit: wrong(limit) }),
      "in query": (limit) => (namespace) => namespace.query({ all: ["t"], limit: wrong(limit) }),
    }),
    ...refusals(CURSORS, {
      "in keys": (cursor) => (namespace) => namespace.keys({ cursor: wrong(cursor) }),
      "in query": (cursor) => (namespace) => namespace.query({ all: ["t"], cursor: wrong(cursor) }),
    }),
    ...refusals(SIZES, {
      "": (pageBytes) => async (namespace) => {
        for await (const _page of namespace.changes(null, { pageBytes: wrong(pageBytes) }));
      },
    }),
    ...refusals(SWEEPS, {
      "": (sweep) => (namespace) => namespace.sweep(...wrong<[number, number]>(sweep)),
    }),
    ...nameRefusals(),
  },
};

/** A case for each bad thing in each place: the call throws NADB_INVALID_ARGUMENT, the head stays. */
function refusals(
  bad: Readonly<Record<string, unknown>>,
  places: Readonly<Record<string, (value: unknown) => Attempt>>,
): Law["cases"] {
  const cases: Record<string, (bench: Bench) => Promise<void>> = {};
  for (const [place, attempt] of Object.entries(places)) {
    for (const [name, value] of Object.entries(bad)) {
      cases[`${name} ${place}`.trim()] = (bench) => refusesInput(bench, attempt(value));
    }
  }
  return cases;
}

async function refusesInput(bench: Bench, attempt: Attempt): Promise<void> {
  const { namespace } = bench;
  await namespace.commit([put("a", "before", { tags: ["t"] })]);
  await changesNothing(namespace, () =>
    refuses("NADB_INVALID_ARGUMENT", () => attempt(namespace, bench)),
  );
}

function nameRefusals(): Law["cases"] {
  const cases: Record<string, (bench: Bench) => Promise<void>> = {};
  for (const [name, value] of Object.entries(NAMES)) {
    for (const id of [
      { db: value, namespace: "main" },
      { db: "db", namespace: value },
    ]) {
      const part = id.db === value ? "db" : "namespace";
      cases[`${name} as ${part}`] = async ({ backend }) => {
        await refuses("NADB_INVALID_ARGUMENT", () => backend.namespace(id));
        await refuses("NADB_INVALID_ARGUMENT", () => backend.drop(id));
      };
    }
  }
  return cases;
}

function withoutKeys(table: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _left, ...rest } = table;
  return rest;
}
