// The exit codes of `nadb`, public API like the error codes: added to, never renumbered.
//
//   0  done                      10  no repository / no store there
//   1  failed                    11  locked
//   2  usage, or a bad argument  13  newer format
//   3  done, with something     130  interrupted
//      held back
//   4  damage found
//   5  health: a warning
//   6  health: critical
import type { ErrorCode } from "@nadb/core";

export const EXIT = {
  done: 0,
  failed: 1,
  usage: 2,
  heldBack: 3,
  damage: 4,
  healthWarning: 5,
  healthCritical: 6,
  nothingThere: 10,
  locked: 11,
  newerFormat: 13,
  interrupted: 130,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const exitOfCode: Partial<Record<ErrorCode, ExitCode>> = {
  NADB_INVALID_ARGUMENT: EXIT.usage,
  NADB_CORRUPTION: EXIT.damage,
  NADB_NOT_A_STORE: EXIT.nothingThere,
  NADB_NOT_A_REPOSITORY: EXIT.nothingThere,
  NADB_LOCKED: EXIT.locked,
  NADB_NEWER_FORMAT: EXIT.newerFormat,
};

export const exitCodeOf = (code: ErrorCode): ExitCode => exitOfCode[code] ?? EXIT.failed;
