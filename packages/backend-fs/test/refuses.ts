import type { ErrorCode } from "@nadb/core";
import { expect } from "vitest";

/** The promise rejects with this code, and the message names this. */
export async function rejects(
  code: ErrorCode,
  promise: Promise<unknown>,
  message: string,
): Promise<void> {
  const refusal = { name: "NadbError", code, message: expect.stringContaining(message) };
  await expect(promise).rejects.toEqual(expect.objectContaining(refusal));
}
