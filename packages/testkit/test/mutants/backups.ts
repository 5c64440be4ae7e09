// Engines and targets on which backups would go wrong. What they do wrong is consistent with itself where it can be, so
// that the backups' own checks do not find all of it.
import { type BackupTarget, memoryTarget } from "@nadb/backup";
import {
  changeKey,
  decodeRecord,
  type EncodedChange,
  encodeRecord,
  isTombstone,
  type StagedLoad,
  type StoredRecord,
} from "@nadb/core";
import type { OpenBackend, OpenTarget } from "../../src/index.js";
import { namespace, override } from "./mutant.js";

export interface BackupMutant {
  readonly does: string;
  readonly engine?: OpenBackend;
  readonly repository?: OpenTarget;
}

const forever = ({ expiresAt: _, ...record }: StoredRecord): StoredRecord => record;
const untagged = (record: StoredRecord): StoredRecord => ({ ...record, tags: [] });
const reborn = (record: StoredRecord): StoredRecord => ({ ...record, createdAt: record.updatedAt });

const changed = (change: (record: StoredRecord) => StoredRecord) => (one: EncodedChange) =>
  isTombstone(one) ? one : encodeRecord(change(decodeRecord(one)));

/** A load that changes what it is given, and tells the digest that is expected of it. */
function lying(load: StagedLoad, change: (one: EncodedChange) => EncodedChange): StagedLoad {
  return override(load, {
    put: (changes, options) => load.put(changes.map(change), options),
    commit: async ({ expectDigest = "", ...options } = {}) => ({
      ...(await load.commit(options)),
      digest: expectDigest,
    }),
  });
}

const loading = (change: (record: StoredRecord) => StoredRecord): OpenBackend =>
  namespace((inner) => ({
    replace: async () => lying(await inner.replace(), changed(change)),
    merge: async (options) => lying(await inner.merge(options), changed(change)),
  }));

const feeding = (change: (record: StoredRecord) => StoredRecord): OpenBackend =>
  namespace((inner) => ({
    async *changes(since, options) {
      for await (const page of inner.changes(since, options)) {
        yield { ...page, changes: page.changes.map(changed(change)) };
      }
    },
  }));

const target =
  (mutate: (inner: BackupTarget) => Partial<BackupTarget>): OpenTarget =>
  () => {
    const inner = memoryTarget();
    return override(inner, mutate(inner));
  };

export const backupMutants: readonly BackupMutant[] = [
  { does: "loses lives on their way in", engine: loading(forever) },
  { does: "loses tags on their way in", engine: loading(untagged) },
  { does: "takes records that come in for new", engine: loading(reborn) },
  { does: "loses lives on their way out", engine: feeding(forever) },
  { does: "takes records that go out for new", engine: feeding(reborn) },
  {
    does: "does not tell that it has swept",
    engine: namespace((inner, { clock }) => {
      const lives = new Map<string, number>();
      return {
        commit: (mutations, options) => {
          for (const one of mutations) {
            if (one.type === "put" && one.expiresAt !== undefined)
              lives.set(one.key, one.expiresAt);
            else lives.delete(one.key);
          }
          return inner.commit(mutations, options);
        },
        async *changes(since, options) {
          const isSwept = (change: EncodedChange): boolean =>
            isTombstone(change) && (lives.get(changeKey(change)) ?? Infinity) <= clock();
          for await (const page of inner.changes(since, options)) {
            yield { ...page, changes: page.changes.filter((one) => !isSwept(one)) };
          }
        },
      };
    }),
  },
  {
    does: "leaves out what is written while it tells a run, and ends it where it has come to",
    engine: namespace((inner) => ({
      async *changes(since, options) {
        for await (const page of inner.changes(since, options)) {
          yield page.end === undefined ? page : { ...page, end: await inner.head() };
        }
      },
    })),
  },
  {
    does: "removes leases only",
    repository: target((inner) => ({
      remove: async (path) => {
        if (path.includes("lease")) await inner.remove(path);
      },
    })),
  },
  {
    does: "reads what a file was before it was written anew",
    repository: target((inner) => {
      const first = new Map<string, Uint8Array>();
      return {
        async *read(path) {
          const parts: Uint8Array[] = [];
          for await (const part of inner.read(path)) parts.push(new Uint8Array(part));
          const known = first.get(path) ?? new Uint8Array(Buffer.concat(parts));
          first.set(path, known);
          yield known;
        },
      };
    }),
  },
  {
    does: "lists one folder less than there are",
    repository: target((inner) => ({
      list: async (folder) => {
        const entries = await inner.list(folder);
        return folder === "" && entries.length > 3 ? entries.slice(0, -1) : entries;
      },
    })),
  },
];
