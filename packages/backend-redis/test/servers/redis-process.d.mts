// The types of redis-process.mjs.

/** Lines of a configuration file: the rest of the line as it stands there, or several for one directive. */
export type Config = Readonly<Record<string, string | readonly string[]>>;

export interface RedisProcessOptions {
  readonly config?: Config;
  /** The directives that are given a free port each; "port" if none are named. */
  readonly ports?: readonly string[];
  readonly sentinel?: boolean;
  /** Proposes a port; another is asked for when it is taken after all. */
  readonly freePort?: () => Promise<number>;
  /** Writes files into the folder before the first start. They are found by their relative path. */
  readonly prepare?: (folder: string) => Promise<void>;
}

export interface Restart {
  /** Added to what is configured. */
  readonly config?: Config;
  /** "loading" resolves as soon as it listens, however long it still loads. */
  readonly until?: "ready" | "loading";
}

export interface RedisProcess {
  readonly folder: string;
  readonly pid: number;
  /** The port of clients, the one for TLS if there is one. */
  readonly port: number;
  readonly ports: Readonly<Record<string, number>>;
  /** False once it was killed or stopped; what it does by itself is not seen here. */
  readonly isRunning: boolean;
  /** Starts it again on the same ports, in the same folder. */
  restart(options?: Restart): Promise<void>;
  /** Sends the signal, SIGKILL if none is given, and waits for the end. */
  kill(signal?: "SIGKILL" | "SIGTERM"): Promise<void>;
  /** It keeps its connections and answers none, until it resumes. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** The last 64 thousand characters of what it has logged since it was started. */
  log(): Promise<string>;
  /** Ends it, however it stands, and removes its folder. */
  stop(): Promise<void>;
}

/** REQUIRES: redis-server on PATH, or the path of one in NADB_REDIS_SERVER. */
export declare function startRedis(options?: RedisProcessOptions): Promise<RedisProcess>;
