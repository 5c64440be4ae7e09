// What a server or a lost connection means for the caller, in NADB's words.
import { ioError, NadbError } from "@nadb/core";

/** What a server says that will soon be able to answer. */
const NOT_NOW = /^(LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|READONLY|NOREPLICAS)\b/;

/** What the client says when it gives a connection up. */
const LOST =
  /^(Connection is closed|Stream isn't writeable|Reached the max retries|All sentinels are unreachable)/;

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^OOM\b/, "the server is at its maxmemory: raise it, or delete something"],
  [
    /^(NOAUTH|WRONGPASS)\b|invalid password|invalid username-password/,
    "check user and password of the URL",
  ],
  [/^NOPERM\b/, "the user of the URL needs more rights: keys of the prefix, scripts, INFO"],
  [/^LOADING\b/, "the server is loading its data; try again when it has"],
  [/^BUSY\b/, "a script of somebody holds the server"],
  [/^READONLY\b/, "this is a replica; name the master, its sentinels, or the cluster"],
  [/^MISCONF\b/, "the server can not save its data: see its log"],
];

const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const isLost = (error: unknown): boolean =>
  error instanceof Error &&
  (LOST.test(error.message) ||
    error.name === "MaxRetriesPerRequestError" ||
    error.name === "ClusterAllFailedError");

/** Whether it is worth another try. Connections are mended by the client; this is about servers that are busy. */
export const isRetryable = (error: unknown): boolean => NOT_NOW.test(messageOf(error));

export function failure(doing: string, error: unknown): Error {
  if (error instanceof NadbError) return error;
  if (isLost(error)) {
    return new NadbError(
      "NADB_IO",
      `${doing}: the server can not be reached: ${messageOf(error)}`,
      {
        hint: "check address and network, and whether the server runs",
        cause: error,
      },
    );
  }
  const hint = HINTS.find(([pattern]) => pattern.test(messageOf(error)))?.[1];
  if (hint === undefined) return ioError(`redis ${doing}`, error);
  return new NadbError("NADB_IO", `redis ${doing}: ${messageOf(error)}`, { hint, cause: error });
}

export const tooFewReplicas = (have: number, asked: number, timeoutMs: number): NadbError =>
  new NadbError(
    "NADB_COMMIT_UNKNOWN",
    `committed, but only ${have} of ${asked} replicas said within ${timeoutMs} ms that they have it`,
    { hint: "it stands unless a failover chooses another replica" },
  );

/** Of a commit whose answer never came: it may have happened. */
export function outcomeUnknown(error: unknown): unknown {
  const cause = error instanceof NadbError ? error.cause : error;
  if (!isLost(cause)) return error;
  return new NadbError("NADB_COMMIT_UNKNOWN", `the connection was lost: ${messageOf(cause)}`, {
    hint: "read the records again, or repeat the commit under the same id",
    cause,
  });
}
