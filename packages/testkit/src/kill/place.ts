// Where a backend's stores are killed: how one is made, found by a program, and opened to look at what was left.
import type { Environment } from "../environment.js";
import type { OpenStorage } from "./victim.js";
import type { ScopeOf } from "./workloads.js";

export interface KillPlace {
  /** The path of a program that calls `killVictim`. */
  readonly program: string;
  /** Makes a storage without content for one test; what must be undone after it is for `defer`. */
  readonly storage: (environment: KillEnvironment) => KillStorage | Promise<KillStorage>;
  /** Opens it in this process, as the program does in its own. */
  readonly open: OpenStorage;
  /**
   * For a backend without transactions: the name of what keys share whose writes take effect in the order of the calls,
   * such as their partition. Default: that order holds among all keys.
   */
  readonly scopeOf?: ScopeOf;
}

export type KillEnvironment = Pick<Environment, "storage" | "folder" | "defer">;

export interface KillStorage {
  /** What the program gets as its first argument: a path, a URL. */
  readonly name: string;
  /** Resolves once nothing that a killed process had sent is still to be done, where a server does the work. */
  readonly settled?: () => Promise<void>;
  /** For `killed: "server"`: SIGKILL, and a new start on what the server had written; each resolves when it is done. */
  readonly server?: KillServer;
}

export interface KillServer {
  kill(): Promise<void>;
  restart(): Promise<void>;
}
