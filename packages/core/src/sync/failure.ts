// An error as a status shows it: plain data, also when what was thrown is no NadbError.
import { isNadbError } from "../errors.js";

export interface SyncError {
  /** In ms since the epoch. */
  readonly at: number;
  /** A code of NadbError, or the name of another error. */
  readonly code: string;
  readonly message: string;
}

export function errorOf(error: unknown, at: number): SyncError {
  if (isNadbError(error)) return { at, code: error.code, message: error.message };
  if (error instanceof Error) return { at, code: error.name, message: error.message };
  return { at, code: "Error", message: String(error) };
}
