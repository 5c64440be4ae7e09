// Targets with one fault each: decorators over the target in memory, and over the backend that a target lies in.
import {
  type BackupTarget,
  backendTarget,
  memoryTarget,
  type ReadOptions,
  type TargetEntry,
  type WriteOptions,
} from "@nadb/backup";
import { concatBytes, memoryBackend, type StorageNamespace } from "@nadb/core";
import type { OpenTarget } from "../../src/index.js";
import { override } from "./mutant.js";

export interface TargetMutant {
  readonly does: string;
  /** "law › case" */
  readonly caughtBy: string;
  readonly open: OpenTarget;
}

type Chunks = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const target =
  (mutate: (inner: BackupTarget) => Partial<BackupTarget>): OpenTarget =>
  () => {
    const inner = memoryTarget();
    return override(inner, mutate(inner));
  };

const writing = (
  write: (
    inner: BackupTarget,
    path: string,
    chunks: Chunks,
    options: WriteOptions,
  ) => Promise<void>,
): OpenTarget =>
  target((inner) => ({
    write: (path, chunks, options = {}) => write(inner, path, chunks, options),
  }));

const reading = (
  read: (inner: BackupTarget, path: string, options: ReadOptions) => AsyncIterable<Uint8Array>,
): OpenTarget => target((inner) => ({ read: (path, options = {}) => read(inner, path, options) }));

const listing = (
  list: (inner: BackupTarget, folder: string) => Promise<readonly TargetEntry[]>,
): OpenTarget => target((inner) => ({ list: (folder) => list(inner, folder) }));

/** A target in a backend with a fault. */
const inBackend =
  (mutate: (inner: StorageNamespace) => Partial<StorageNamespace>): OpenTarget =>
  ({ clock }) => {
    const inner = memoryBackend({ clock });
    const namespace: typeof inner.namespace = async (id) => {
      const below = await inner.namespace(id);
      return override(below, mutate(below));
    };
    return backendTarget(override(inner, { namespace }), { clock });
  };

async function whole(chunks: Chunks, signal?: AbortSignal): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) {
    signal?.throwIfAborted();
    parts.push(chunk);
  }
  return concatBytes(parts);
}

export const targetMutants: readonly TargetMutant[] = [
  {
    does: "loses the last byte of large files",
    caughtBy: "contents › of 20 MiB are read as they were written",
    open: writing(async (inner, path, chunks, options) => {
      const bytes = await whole(chunks);
      await inner.write(path, [bytes.length > 10 << 20 ? bytes.subarray(1) : bytes], options);
    }),
  },
  {
    does: "keeps the caller's bytes",
    caughtBy: "contents › stay when the source uses its bytes again at once",
    open: writing(async (inner, path, chunks, options) => {
      const parts: Uint8Array[] = [];
      for await (const chunk of chunks) parts.push(chunk);
      await inner.write(path, parts, options);
    }),
  },
  {
    does: "takes an empty chunk for the end",
    caughtBy: "contents › may come in empty chunks, from an iterable or a stream",
    open: writing(async (inner, path, chunks, options) => {
      const upToEmpty = async function* () {
        for await (const chunk of chunks) {
          if (chunk.length === 0) return;
          yield chunk;
        }
      };
      await inner.write(path, upToEmpty(), options);
    }),
  },
  {
    does: "reads a missing file as an empty one",
    caughtBy: "contents › that are not there can not be read, and have no size",
    open: reading(async function* (inner, path, options) {
      if ((await inner.size(path)) !== undefined) yield* inner.read(path, options);
    }),
  },
  {
    does: "reads a range from its start to the end of the file",
    caughtBy: "ranges › are read as they stand in the file, and end where it ends",
    open: reading((inner, path, { start = 0 }) => inner.read(path, { start })),
  },
  {
    does: "takes the end of a range for a length",
    caughtBy: "ranges › drawn by chance are read as they stand in the file",
    open: reading((inner, path, { start = 0, end }) =>
      inner.read(path, end === undefined ? { start } : { start, end: start + end }),
    ),
  },
  {
    does: "keeps all of a file for a part of it",
    caughtBy: "ranges › bring nothing beside them, and keep nothing more in memory",
    open: reading(async function* (inner, path, options) {
      const { start = 0, end } = options;
      const bytes = await whole(inner.read(path));
      for await (const _ of inner.read(path, options)) break;
      yield bytes.subarray(start, end);
    }),
  },
  {
    does: "does not look at the range of a missing file",
    caughtBy: "ranges › of a missing file are refused, empty ones, too",
    open: reading(async function* (inner, path, options) {
      if (options.start === undefined || options.start !== options.end)
        yield* inner.read(path, options);
    }),
  },
  {
    does: "takes names that begin the same for one folder",
    caughtBy: "names › of a folder tell it from one whose name begins the same",
    open: target((inner) => ({
      remove: async (path) => {
        for (const { name } of await inner.list(""))
          if (name.startsWith(path)) await inner.remove(name);
        await inner.remove(path);
      },
    })),
  },
  {
    does: "hides files that begin with a dot",
    caughtBy: "names › of files, whatever the rule allows, are all apart",
    open: listing(async (inner, folder) =>
      (await inner.list(folder)).filter(({ name }) => !name.startsWith(".")),
    ),
  },
  {
    does: "lists a hundred at most",
    caughtBy: "listing › of many files and folders tells each once",
    open: listing(async (inner, folder) => (await inner.list(folder)).slice(0, 100)),
  },
  {
    does: "lists what is below a folder, too",
    caughtBy: "listing › tells one folder at a time, with names, kinds and sizes",
    open: listing(async (inner, folder) => {
      const entries = [...(await inner.list(folder))];
      for (const { name, type } of [...entries])
        if (type === "folder")
          entries.push(...(await inner.list(folder === "" ? name : `${folder}/${name}`)));
      return entries;
    }),
  },
  {
    does: "remembers the size of the first content",
    caughtBy: "listing › tells the size of what stands there now",
    open: target((inner) => {
      const sizes = new Map<string, number>();
      const list = async (folder: string): Promise<readonly TargetEntry[]> =>
        (await inner.list(folder)).map((entry) => {
          const path = `${folder}/${entry.name}`;
          if (!sizes.has(path)) sizes.set(path, entry.size);
          return { ...entry, size: sizes.get(path) as number };
        });
      return { list };
    }),
  },
  {
    does: "makes the file before it is whole",
    caughtBy: "listing › does not show what is being written",
    open: writing(async (inner, path, chunks, options) => {
      if (!options.ifAbsent) await inner.write(path, []);
      await inner.write(path, chunks, options);
    }),
  },
  {
    does: "leaves half a file when its source fails",
    caughtBy: "interrupted work › a source that fails changes nothing, and its error is told",
    open: writing(async (inner, path, chunks, options) => {
      const parts: Uint8Array[] = [];
      try {
        for await (const chunk of chunks) parts.push(chunk.slice());
      } finally {
        await inner.write(path, parts, options);
      }
    }),
  },
  {
    does: "looks for the file before it reads the source only",
    caughtBy: "writing › with ifAbsent sees what came while its source was read",
    open: writing(async (inner, path, chunks, options) => {
      if (options.ifAbsent && (await inner.size(path)) !== undefined)
        return inner.write(path, chunks, options);
      await inner.write(path, chunks);
    }),
  },
  {
    does: "does not heed ifAbsent",
    caughtBy: "writing › with ifAbsent makes a file, once",
    open: writing((inner, path, chunks) => inner.write(path, chunks)),
  },
  {
    does: "takes an empty file for none",
    caughtBy: "writing › with ifAbsent is refused over an empty file, too",
    open: writing(async (inner, path, chunks, options) => {
      const isEmpty = (await inner.size(path)) === 0;
      await inner.write(path, chunks, isEmpty ? {} : options);
    }),
  },
  {
    does: "removes files only",
    caughtBy: "removing › takes a folder with all it holds",
    open: target((inner) => ({
      remove: async (path) => {
        if ((await inner.size(path)) !== undefined) await inner.remove(path);
      },
    })),
  },
  {
    does: "throws for what is not there to remove",
    caughtBy: "removing › of what is not there does nothing",
    open: target((inner) => ({
      remove: async (path) => {
        if ((await inner.size(path)) === undefined && (await inner.list(path)).length === 0)
          throw new Error("nothing there");
        await inner.remove(path);
      },
    })),
  },
  {
    does: "does not hear the signal of a write",
    caughtBy: "interrupted work › a write that is aborted on its way changes nothing",
    open: writing((inner, path, chunks, { ifAbsent = false }) =>
      inner.write(path, chunks, { ifAbsent }),
    ),
  },
  {
    does: "does not hear the signal of a read",
    caughtBy: "interrupted work › a read stops when it is aborted",
    open: reading((inner, path, { signal: _, ...range }) => inner.read(path, range)),
  },
  {
    does: "reads on in the new content",
    caughtBy: "while a file is read › it may be replaced",
    open: reading(async function* (inner, path, options) {
      const { start = 0, end = Number.MAX_SAFE_INTEGER } = options;
      yield* inner.read(path, { ...options, start, end: start });
      for (let at = start; at < end; at += 50_000) {
        const part = await whole(inner.read(path, { start: at, end: Math.min(end, at + 50_000) }));
        options.signal?.throwIfAborted();
        if (part.length === 0) return;
        yield part;
      }
    }),
  },
  {
    does: "ends silently when the file goes away under it",
    caughtBy: "while a file is read › it may be removed",
    open: inBackend((inner) => ({
      getMany: async (keys, options) => {
        const records = await inner.getMany(keys, options);
        const isGone = records[0] === undefined && keys[0]?.startsWith("piece/");
        const value = new Uint8Array(keys[0]?.endsWith("3") ? 127_136 : 524_288);
        return isGone ? [{ ...blank, key: keys[0] as string, value }] : records;
      },
    })),
  },
  {
    does: "lets all win who make one file at once",
    caughtBy: "racing › of those who write one file with ifAbsent exactly one wins",
    open: inBackend((inner) => ({
      commit: (mutations, options = {}) => {
        const { expect: _, ...others } = options;
        return inner.commit(mutations, others);
      },
    })),
  },
  {
    does: "lets nobody win when several make one file",
    caughtBy: "racing › of those who write one file with ifAbsent exactly one wins",
    open: target((inner) => {
      let under = 0;
      const write: BackupTarget["write"] = async (path, chunks, options) => {
        const alone = ++under === 1;
        await new Promise(setImmediate);
        const crowded = under > 1;
        try {
          if (options?.ifAbsent && crowded && alone) await inner.write(path, []);
          await inner.write(path, chunks, options);
        } finally {
          under--;
        }
      };
      return { write };
    }),
  },
  {
    does: "replaces by removing and writing",
    caughtBy: "racing › readers of a file that is replaced see whole ones, and never none",
    open: writing(async (inner, path, chunks, options) => {
      const bytes = await whole(chunks, options.signal);
      if (!options.ifAbsent) {
        await inner.remove(path);
        await new Promise(setImmediate);
      }
      await inner.write(path, [bytes], options);
    }),
  },
  {
    does: "takes everybody for gone",
    caughtBy: "clients › have a name and an owner, and do not take themselves for gone",
    open: target(() => ({ isGone: () => true })),
  },
  {
    does: "takes strangers for gone",
    caughtBy: "clients › do not take somebody for gone of whom they know nothing",
    open: target((inner) => ({ isGone: (owner) => owner !== inner.owner })),
  },
  {
    does: "forgets a file when its folder is written to for the tenth time",
    caughtBy: "any sequence › of writes, removals and reads is as of a Map (1)",
    open: target((inner) => {
      let writes = 0;
      const write: BackupTarget["write"] = async (path, chunks, options) => {
        await inner.write(path, chunks, options);
        if (++writes % 10 === 0) await inner.remove(path);
      };
      return { write };
    }),
  },
  {
    does: "tells an old content to clients that come later",
    caughtBy: "clients › see at once what another has written, replaced and removed",
    open: cachingTarget(),
  },
];

const blank = { tags: [], createdAt: 0, updatedAt: 0, version: 0 };

/** Each client keeps what it has read first. */
function cachingTarget(): OpenTarget {
  const shared = new WeakMap<object, BackupTarget>();
  return (environment) => {
    const inner = shared.get(environment) ?? memoryTarget();
    shared.set(environment, inner);
    const read = new Map<string, Uint8Array>();
    return override(inner, {
      async *read(path, options = {}) {
        const bytes = read.get(path) ?? (await whole(inner.read(path)));
        read.set(path, bytes);
        for await (const _ of inner.read(path, options)) break;
        yield bytes.slice(options.start, options.end);
      },
    });
  };
}
