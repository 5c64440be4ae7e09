// The namespace that a drill restores into. Its name can not be a user's by accident; a mark beside it says who is using it,
// and is renewed meanwhile, so that the next drill in the same store removes what a dead one has left, and only that.
//
//   DB/nadb-drill-NONCE        what is restored
//   DB/nadb-drill-NONCE-mark   one record, "mark": {"owner": text, "expiresAt": ms since 1970, "nonce": hex}
import { NadbError, type NamespaceId, quote, type StorageBackend, toHex } from "@nadb/core";
import type { LeaseHost } from "../lease.js";
import { isAlive, LEASE_MS, type LeaseFile, RENEW_AFTER_MS } from "../lease-file.js";
import { isObject, parseJson } from "../manifest.js";
import type { BackupTarget } from "../target.js";

const NAME = /^nadb-drill-([0-9a-f]{16})(-mark)?$/;
const MARK_KEY = "mark";

/** Whether a namespace is of a drill: nothing that anybody wants a backup of. */
export const isScratch = ({ namespace }: NamespaceId): boolean => NAME.test(namespace);

/** The part of a backend that drills need. */
export type DrillBackend = Pick<StorageBackend, "name" | "namespace" | "namespaces" | "drop">;

/** Who drills: its clock, and the target that knows which processes are gone. */
export interface ScratchHost extends LeaseHost {
  readonly target: BackupTarget;
}

export class Scratch {
  #renewedAt: number;

  private constructor(
    readonly backend: DrillBackend,
    readonly host: ScratchHost,
    readonly id: NamespaceId,
    readonly nonce: string,
  ) {
    this.#renewedAt = host.clock();
  }

  /** Removes what dead drills have left first. @param db the database it is made in. */
  static async make(backend: DrillBackend, host: ScratchHost, db: string): Promise<Scratch> {
    await sweepScratch(backend, host);
    const bytes = new Uint8Array(8);
    host.random(bytes);
    const nonce = toHex(bytes);
    const scratch = new Scratch(backend, host, { db, namespace: `nadb-drill-${nonce}` }, nonce);
    await scratch.#mark();
    return scratch;
  }

  /** Call it often; it writes only now and then. */
  readonly renew = async (): Promise<void> => {
    if (Math.abs(this.host.clock() - this.#renewedAt) < RENEW_AFTER_MS) return;
    this.#renewedAt = this.host.clock();
    await this.#mark();
  };

  /** Throws NADB_LOCKED when somebody took it for a dead drill's: then what it holds says nothing. */
  async confirm(): Promise<void> {
    if ((await readMark(this.backend, this.id))?.nonce === this.nonce) return;
    throw new NadbError("NADB_LOCKED", `somebody has removed ${quote(this.id.namespace)}`, {
      hint: "this process stood still for a minute; drill again",
    });
  }

  async drop(): Promise<void> {
    await dropScratch(this.backend, this.id);
  }

  async #mark(): Promise<void> {
    const expiresAt = this.host.clock() + LEASE_MS;
    const mark: LeaseFile = { owner: this.host.target.owner, expiresAt, nonce: this.nonce };
    const value = new TextEncoder().encode(JSON.stringify(mark));
    const storage = await this.backend.namespace(markOf(this.id));
    await storage.commit([{ type: "put", key: MARK_KEY, value }]);
  }
}

/** Answers how many there were. */
export async function sweepScratch(
  backend: DrillBackend,
  { target, clock }: ScratchHost,
): Promise<number> {
  let swept = 0;
  for (const id of await scratchesIn(backend)) {
    const mark = await readMark(backend, id);
    if (mark !== undefined && isAlive(mark, target, clock())) continue;
    await dropScratch(backend, id);
    swept++;
  }
  return swept;
}

/** Also those of which only the mark is there. */
async function scratchesIn(backend: DrillBackend): Promise<readonly NamespaceId[]> {
  const found = new Map<string, NamespaceId>();
  for await (const { db, namespace } of backend.namespaces()) {
    const nonce = NAME.exec(namespace)?.[1];
    if (nonce === undefined) continue;
    found.set(`${db}/${nonce}`, { db, namespace: `nadb-drill-${nonce}` });
  }
  return [...found.values()];
}

/** The mark goes last: it tells what is left. */
async function dropScratch(backend: DrillBackend, id: NamespaceId): Promise<void> {
  await backend.drop(id);
  await backend.drop(markOf(id));
}

/** Undefined where there is none that can be read. */
async function readMark(backend: DrillBackend, id: NamespaceId): Promise<LeaseFile | undefined> {
  const [record] = await (await backend.namespace(markOf(id))).getMany([MARK_KEY]);
  if (record === undefined) return undefined;
  try {
    const json = parseJson(record.value, MARK_KEY);
    return isMark(json) ? json : undefined;
  } catch {
    return undefined; // nobody alive left that behind
  }
}

const isMark = (json: unknown): json is LeaseFile =>
  isObject(json) &&
  typeof json.owner === "string" &&
  typeof json.expiresAt === "number" &&
  typeof json.nonce === "string";

const markOf = ({ db, namespace }: NamespaceId): NamespaceId => ({
  db,
  namespace: `${namespace}-mark`,
});
