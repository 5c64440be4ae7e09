// The one error type of NADB: a stable code, a message that names the thing, a hint where somebody can act.
// Identity is by name and code, never by `instanceof`, so that two copies of this package agree.

/** Every code there is. Codes are public API: they are added to, never renamed. */
export const ERROR_CODES = [
  /** An argument is outside its limits; nothing was written. */
  "NADB_INVALID_ARGUMENT",
  /** The backup, namespace or file asked for is not there. */
  "NADB_NOT_FOUND",
  /** The name is taken. */
  "NADB_ALREADY_EXISTS",
  /** An expectation of a commit did not hold; nothing was written. */
  "NADB_CONFLICT",
  /** The change feed no longer reaches back to this checkpoint. */
  "NADB_CHECKPOINT_EXPIRED",
  /** The connection was lost and nobody can know whether the commit happened. */
  "NADB_COMMIT_UNKNOWN",
  /** This backend, runtime or version has no such power. */
  "NADB_UNSUPPORTED",
  /** Stored bytes are not what was written. */
  "NADB_CORRUPTION",
  /** The store's codec can not read this value. */
  "NADB_UNDECODABLE",
  /** Written by a newer version of NADB. */
  "NADB_NEWER_FORMAT",
  /** The folder or address holds no store. */
  "NADB_NOT_A_STORE",
  /** The target holds no repository, or something else. */
  "NADB_NOT_A_REPOSITORY",
  /** Somebody else holds the lease. */
  "NADB_LOCKED",
  /** Used after close. */
  "NADB_CLOSED",
  /** The operating system or the engine refused (disk full, permission, …). */
  "NADB_IO",
] as const;

export type ErrorCode = (typeof ERROR_CODES)[number];

export interface NadbErrorOptions {
  /** What the caller or operator can do about it. */
  readonly hint?: string;
  readonly cause?: unknown;
}

export class NadbError extends Error {
  override readonly name = "NadbError";
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: NadbErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** True for a NadbError of any copy of this package, with this code when one is given. */
export function isNadbError(error: unknown, code?: ErrorCode): error is NadbError {
  if (!(error instanceof Error) || error.name !== "NadbError") return false;
  return code === undefined || (error as NadbError).code === code;
}

export function invalidArgument(message: string, hint?: string): NadbError {
  return new NadbError("NADB_INVALID_ARGUMENT", message, hint === undefined ? {} : { hint });
}

export function corruption(message: string, hint?: string): NadbError {
  return new NadbError("NADB_CORRUPTION", message, hint === undefined ? {} : { hint });
}

/** The operating system's or engine's own error, wrapped once with what was being done. */
export function ioError(doing: string, cause: unknown): NadbError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new NadbError("NADB_IO", `${doing}: ${detail}`, { cause });
}
