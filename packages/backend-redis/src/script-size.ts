// How much of one thing a script does, so that no other client of the server waits long for it.

/** Changes that one script writes, or bytes of them. */
export const SCRIPT_CHANGES = 256;
export const SCRIPT_BYTES = 4 << 20;
/** A commit is one script, unless it has more mutations and expectations than this, or more bytes. */
export const DEFAULT_SCRIPT_MUTATIONS = 1_000;
export const COMMIT_BYTES = 16 << 20;
