// What travels between this process and a server.
export type Argument = string | Buffer | number;

/** A reply as Redis gives it; texts are bytes. */
export type Reply = Buffer | number | null | readonly Reply[];
