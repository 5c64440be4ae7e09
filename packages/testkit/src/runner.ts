/** What a suite needs of a test runner. vitest, node:test and mocha each fit as `{ describe, it }`. */
export interface Runner {
  describe(name: string, body: () => void): unknown;
  it(name: string, body: () => Promise<void>): unknown;
}
