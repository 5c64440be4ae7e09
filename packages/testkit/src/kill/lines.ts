// What a program that is to be killed says, one line of JSON after the other. Each write is said before it is asked for and
// when it is acknowledged, so that whoever kills the program knows what must be there and what may be.

/**
 * Of a history:   ask   asked for, in this order           safe  of those asked for, the first n are durable
 *                 cut   a commit may end behind the first n; without such lines it may end behind any
 * Of transfers:   transfer, from, to, amount                done  the name of one that was acknowledged
 * Of counters:    count  to be raised by one               counted, value  what it was told to be
 */
export interface Line {
  readonly ask?: readonly Change[];
  readonly safe?: number;
  readonly cut?: number;
  readonly transfer?: string;
  readonly from?: number;
  readonly to?: number;
  readonly amount?: number;
  readonly done?: string;
  readonly count?: string;
  readonly counted?: string;
  readonly value?: number;
}

export type Change = Put | { readonly delete: string };

/** The text is repeated so many times. */
export interface Put {
  readonly put: string;
  readonly text: string;
  readonly times: number;
  readonly tags: readonly string[];
  readonly expiresAt?: number;
}

export const keyOf = (change: Change): string => ("delete" in change ? change.delete : change.put);
