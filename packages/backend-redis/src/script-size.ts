// How much of one thing a script does, so that no other client of the server waits long for it.

/** Mutations and expectations of one script (see workOf), or bytes of them. Of commits `scriptMutations` may say otherwise. */
export const SCRIPT_CHANGES = 256;
export const SCRIPT_BYTES = 4 << 20;
/** A commit of more bytes goes in steps. */
export const COMMIT_BYTES = 16 << 20;

/**
 * What a put with so many tags costs, in puts of one or two: each tag has a listing of its own. What its record had before, or
 * a deleted one had, only the server knows, so that is not counted.
 */
export const workOf = (tags: number): number => Math.max(1, tags / 2);
