// Opening a store: the backend's namespace, compression over it, the buffer over that.
// INVARIANT: what is buffered is plain; it is compressed when it is committed.
import type { StorageBackend, StorageNamespace } from "../backend.js";
import { CONTRACT } from "../backend.js";
import type { BufferedNamespace } from "../buffer/buffered-namespace.js";
import { type CompressionOptions, compressValues } from "../compression/compressed-namespace.js";
import { invalidArgument, NadbError } from "../errors.js";
import { checkName, quote } from "../limits.js";
import { bytes, checkCodec, type ValueCodec } from "./codec.js";
import type { OpenStoreOptions } from "./options.js";
import { release, retain } from "./retained.js";

const MIB = 1024 * 1024;
const DEFAULT_BUFFER_MB = 1;

/** What a store works with. */
export interface OpenedStore<T, Accepts> {
  readonly backend: StorageBackend;
  /** What is buffered included. */
  readonly storage: StorageNamespace;
  /** The same below the buffer: only what has been committed. */
  readonly committed: StorageNamespace;
  /** Undefined when writes are committed at once. */
  readonly buffer: BufferedNamespace | undefined;
  readonly codec: ValueCodec<T, Accepts>;
  readonly clock: () => number;
  readonly random: () => number;
  readonly closesBackend: boolean;
  /**
   * Flushes what is buffered, leaves the sync, and waits until every write is in the backend's hands. Throws when the
   * flush fails; then nothing has changed.
   */
  detach(): Promise<void>;
}

export async function openStorage<T, Accepts>(
  options: OpenStoreOptions<T, Accepts>,
): Promise<OpenedStore<T, Accepts>> {
  const { backend, db = "default", namespace = "default" } = options;
  checkContract(backend);
  checkName("database name", db);
  checkName("namespace", namespace);
  const maxBytes = bufferBytes(options);
  const compression = compressionOf(options.compressValues ?? false);
  const { codec = bytes as unknown as ValueCodec<T, Accepts> } = options;
  checkCodec(codec);
  retain(backend); // before the first wait: a store that closes meanwhile must see this one
  try {
    await backend.open();
    const committed = compressValues(await backend.namespace({ db, namespace }), compression);
    const clock = options.clock ?? Date.now;
    const attached = options.sync?.attach({ backend, namespace: committed, maxBytes, clock });
    return {
      backend,
      storage: attached?.storage ?? committed,
      committed,
      buffer: attached?.buffer,
      codec,
      clock,
      random: options.random ?? Math.random,
      closesBackend: options.closeBackend ?? true,
      detach: async () => {
        await attached?.release();
        await committed.settled();
      },
    };
  } catch (error) {
    release(backend);
    throw error;
  }
}

function bufferBytes<T, A>({ sync, bufferSizeMb }: OpenStoreOptions<T, A>): number {
  if (bufferSizeMb !== undefined && sync === undefined) {
    throw invalidArgument(
      "bufferSizeMb without a sync buffers nothing",
      "give a KeyValueSync, too",
    );
  }
  const size = bufferSizeMb ?? DEFAULT_BUFFER_MB;
  if (typeof size === "number" && size > 0 && size < Number.POSITIVE_INFINITY) return size * MIB;
  throw invalidArgument(`bufferSizeMb ${String(size)} is not a number above 0`);
}

/** Never compressing still means reading what was compressed. */
function compressionOf(option: boolean | CompressionOptions): CompressionOptions {
  if (option === false) return { minBytes: Number.POSITIVE_INFINITY };
  return option === true ? {} : option;
}

function checkContract(backend: StorageBackend): void {
  if (backend.contract === CONTRACT) return;
  throw new NadbError(
    "NADB_UNSUPPORTED",
    `backend ${quote(backend.name)} speaks contract ${String(backend.contract)}, this package speaks ${CONTRACT}`,
    { hint: "install versions of both that belong together" },
  );
}
