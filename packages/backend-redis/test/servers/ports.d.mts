// The types of ports.mjs.

export declare const HOST: "127.0.0.1";

/** A port that nobody listens on at this moment; who binds it must be ready to find it taken. */
export declare function freePort(): Promise<number>;
