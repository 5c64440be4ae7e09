// What a server or a lost connection means for the caller, in NADB's words. INVARIANT: no error of the client goes out as
// it is, not as a cause either: those carry the command they are about, with passwords and values in it.
import { corruption, NadbError } from "@nadb/core";

/** What a server says that will soon be able to answer. */
const NOT_NOW =
  /^(LOADING|BUSY|CLUSTERDOWN|TRYAGAIN|MASTERDOWN|READONLY|NOREPLICAS|MOVED|ASK|MOVING|Too many Cluster redirections)\b/;

/** What the client says when it gives a connection up. */
const LOST =
  /^(Connection is closed|Stream isn't writeable|Reached the max retries|All sentinels are unreachable|Failed to refresh slots cache|None of startup nodes|Cluster is (ended|disconnect)|Cluster isn't ready|Command aborted|Command timed out|Socket (closed|timeout)|(connect|read|write) E)/;

const RIGHTS = "keys of the prefix, scripts, INFO and TIME";

const HINTS: readonly (readonly [RegExp, string])[] = [
  [/^OOM\b/, "the server is at its maxmemory: raise it, or delete something, which is possible"],
  [
    /\b(NOAUTH|WRONGPASS)\b|invalid password|invalid username-password/,
    "check user and password of the URL",
  ],
  [
    /\bNOPERM\b|The user executing the script can't run/,
    `the user of the URL needs more rights: ${RIGHTS}`,
  ],
  [
    /\bunknown (redis )?command\b/i,
    "the server has renamed or disabled a command (rename-command): it is needed by its name",
  ],
  [/\bLOADING\b/, "the server is loading its data; try again when it has"],
  [/\bBUSY\b/, "a script of somebody holds the server; SCRIPT KILL ends it"],
  [/\bREADONLY\b/, "this is a replica; name the master, its sentinels, or the cluster"],
  [/\bMISCONF\b/, "the server can not save its data: see its log"],
  [/\bNOREPLICAS\b/, "the server has fewer replicas than its min-replicas-to-write"],
  [
    /\b(MOVING|TRYAGAIN|ASK|MOVED|Too many Cluster redirections)\b/,
    "a slot is being moved between servers; try again when it has been",
  ],
  [/\bCLUSTERDOWN\b/, "slots of the cluster have no server; try again when they have"],
  [/DB index/, "the server has no database of that number"],
  [/Protocol error|Unknown RESP type/, "what answers at this address is not Redis"],
  [
    /certificate|self-signed/i,
    "trust its authority with tls: { ca }, or NODE_EXTRA_CA_CERTS, and name the host as the certificate does",
  ],
  [/wrong version number|packet length/, "the server does not speak TLS: write redis:// instead"],
];

/** A script that can not go on: what it needs is not there, or something else. */
const DAMAGED = /^ERR user_script(?!.*(NOPERM|Script killed))|^WRONGTYPE/;
const DAMAGED_HINT =
  "somebody else has changed keys of the prefix: drop the namespace and restore a backup";

const UNREACHABLE = "check address and network, whether the server runs, and whether it speaks TLS";

/** A connection ended, or never came about. */
export class Lost extends Error {
  override readonly name = "Lost";
}

/** Without the arguments that a server quotes of a command that it does not know. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).replace(/, with args beginning.*/s, "");

const isLost = (error: unknown): boolean =>
  error instanceof Error && (error instanceof Lost || LOST.test(error.message));

/** Whether it is worth another try: all that is sent here may be sent again. */
export const isRetryable = (error: unknown): boolean =>
  !(error instanceof NadbError) && (isLost(error) || NOT_NOW.test(messageOf(error)));

/** Whether a connection that failed like this will fail like this for ever. */
export const isHopeless = (error: unknown): boolean =>
  /\b(NOAUTH|WRONGPASS|NOPERM)\b|unknown command|DB index|Protocol error|Unknown RESP type|certificate|self-signed|wrong version number/i.test(
    messageOf(innermost(error)),
  );

/** The client tells of a cluster that none of its nodes answered, and keeps what the last of them said. */
export function innermost(error: unknown): unknown {
  const inner = (error as { readonly lastNodeError?: unknown } | undefined)?.lastNodeError;
  return inner ?? error;
}

export interface Circumstances {
  /** Where the server is, for messages. */
  readonly at?: string;
  /** What the client said when it last failed to connect. */
  readonly last?: unknown;
}

export function failure(
  doing: string,
  error: unknown,
  { at = "the server", last }: Circumstances = {},
): NadbError {
  if (error instanceof NadbError) return error;
  const inner = innermost(isLost(error) ? (last ?? error) : error);
  const message = messageOf(inner);
  if (DAMAGED.test(message)) return corruption(`redis ${doing}: ${message}`, DAMAGED_HINT);
  const hint = HINTS.find(([pattern]) => pattern.test(message))?.[1];
  const cause = plain(inner);
  if (!isLost(error)) {
    return new NadbError("NADB_IO", `redis ${doing}: ${message}`, { ...hintIn(hint), cause });
  }
  const text = `redis ${doing}: ${at} can not be reached: ${message}`;
  return new NadbError("NADB_IO", text, { hint: hint ?? UNREACHABLE, cause });
}

const hintIn = (hint: string | undefined): { hint?: string } =>
  hint === undefined ? {} : { hint };

/** The words of an error, without what it carries. */
function plain(error: unknown): Error {
  const { code } = error as { readonly code?: unknown };
  const words = new Error(messageOf(error));
  words.name = error instanceof Error ? error.name : "Error";
  return typeof code === "string" ? Object.assign(words, { code }) : words;
}

export const isOutOfMemory = (error: unknown): error is NadbError =>
  error instanceof NadbError && /^OOM\b/.test(messageOf(error.cause));

/** What was refused and might have happened before, once it is known that it did not. */
export const didNotHappen = (refused: NadbError): NadbError =>
  refused.code === "NADB_COMMIT_UNKNOWN" ? failure("commit", refused.cause) : refused;

export function tooFewReplicas(
  commits: boolean,
  have: number,
  asked: number,
  timeoutMs: number,
): NadbError {
  return new NadbError(
    commits ? "NADB_COMMIT_UNKNOWN" : "NADB_IO",
    `written, but only ${have} of ${asked} replicas said within ${timeoutMs} ms that they have it`,
    { hint: "it stands unless a failover chooses another replica" },
  );
}

/** Of something that was sent and whose answer never came: it may have happened. */
export function outcomeUnknown(failed: NadbError): NadbError {
  if (failed.code === "NADB_COMMIT_UNKNOWN") return failed;
  return new NadbError("NADB_COMMIT_UNKNOWN", `the answer was lost: ${failed.message}`, {
    hint: "read the records again, or repeat the commit under the same id",
    cause: failed.cause,
  });
}
