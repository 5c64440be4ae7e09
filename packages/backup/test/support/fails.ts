// How tests say what must fail.
import { type ErrorCode, isNadbError } from "@nadb/core";
import { expect } from "vitest";

/** The error of a call that must fail. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error("the call succeeded, it should have failed");
}

/** The call must fail with this code; each of `says` must stand in the message. */
export async function refuses(
  code: ErrorCode,
  call: () => unknown,
  ...says: readonly string[]
): Promise<void> {
  const error = await failureOf(call);
  if (!isNadbError(error)) throw new Error(`no error of NADB: ${error}`, { cause: error });
  expect({ code: error.code, message: error.message }).toMatchObject({ code });
  for (const words of says) expect(error.message).toContain(words);
}
