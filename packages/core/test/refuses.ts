// How a test says that a call must fail: by code, and by what the message names.
import { expect } from "vitest";
import type { ErrorCode } from "../src/index.js";

const refusal = (code: ErrorCode, message: string | RegExp = "") =>
  expect.objectContaining({
    name: "NadbError",
    code,
    message:
      typeof message === "string"
        ? expect.stringContaining(message)
        : expect.stringMatching(message),
  });

/** The call throws this code. */
export function refuses(code: ErrorCode, call: () => unknown, message?: string | RegExp): void {
  expect(call).toThrow(refusal(code, message));
}

/** The promise rejects with this code. */
export async function rejects(
  code: ErrorCode,
  promise: Promise<unknown>,
  message?: string | RegExp,
): Promise<void> {
  await expect(promise).rejects.toEqual(refusal(code, message));
}
