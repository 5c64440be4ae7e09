// Whether a repository can be written to, found out by writing: a lease of a reader who reads nothing, removed again at once.
// Where whoever wrote it dies in between it ends by itself, as every lease does, and the next backup sweeps it.
import { isNadbError, toHex } from "@nadb/core";
import { LEASE_MS } from "../lease-file.js";
import { readerPath } from "../paths.js";
import type { Repository } from "../repository.js";

/** Why nothing can be written there; undefined when something can. */
export async function probeWriting({ target, host }: Repository): Promise<string | undefined> {
  const bytes = new Uint8Array(8);
  host.random(bytes);
  const nonce = toHex(bytes);
  const lease = { owner: target.owner, expiresAt: host.clock() + LEASE_MS, nonce, backups: [] };
  try {
    await target.write(readerPath(nonce), [new TextEncoder().encode(JSON.stringify(lease))]);
    await target.remove(readerPath(nonce));
    return undefined;
  } catch (error) {
    if (isNadbError(error)) return error.message;
    throw error;
  }
}
