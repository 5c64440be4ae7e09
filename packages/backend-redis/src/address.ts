// Where a server is, by URL:
//
//   redis://user:password@host:port/db         rediss:// with TLS
//   redis+sentinel://user:password@host:port,host:port/master-name        rediss+sentinel:// with TLS
//   redis+cluster://user:password@host:port,host:port                     rediss+cluster:// with TLS
//
// What stands behind "?" are options of the backend. INVARIANT: of a URL that is refused nothing is told but why: one can not
// know what of it was meant to be a password. Of one that is not, nothing that stands before "@".
import { invalidArgument, type NadbError } from "@nadb/core";

export interface Address {
  readonly isSecure: boolean;
  readonly kind: "single" | "sentinel" | "cluster";
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly nodes: readonly { readonly host: string; readonly port: number }[];
  /** Of a single server. */
  readonly database: number;
  /** Of sentinels. */
  readonly master: string;
  /** Behind "?". */
  readonly query: string;
}

const SCHEME = /^(rediss?)(\+sentinel|\+cluster)?:\/\/(.*)$/s;
const PLACE = /^([^/?#]+)(?:\/([^?#]*))?(?:\?([^#]*))?$/;
const HOST = /^(\[[0-9a-fA-F:.]+\]|[^:[\]\s]+)(?::(\d{1,5}))?$/;
const DEFAULT_PORT = { single: 6379, sentinel: 26_379, cluster: 6379 } as const;
const DEFAULT_MASTER = "mymaster";

/** Throws NADB_INVALID_ARGUMENT. */
export function parseAddress(url: string): Address {
  const [, scheme, by, rest = ""] = SCHEME.exec(url) ?? [];
  if (scheme === undefined) throw notAnAddress("it does not begin like one");
  const kind = by === undefined ? "single" : (by.slice(1) as "sentinel" | "cluster");
  const at = rest.lastIndexOf("@");
  const login = at < 0 ? {} : parseLogin(rest.slice(0, at));
  const [, hosts, path = "", query = ""] = PLACE.exec(rest.slice(at + 1)) ?? [];
  const nodes = (hosts ?? "").split(",").map((host) => parseHost(host, DEFAULT_PORT[kind]));
  if (kind === "single" && nodes.length > 1) throw notAnAddress("it names several hosts");
  if (kind === "cluster" && path !== "") throw notAnAddress("a cluster has no database but 0");
  return {
    isSecure: scheme === "rediss",
    kind,
    username: login.username,
    password: login.password,
    nodes,
    database: kind === "single" ? databaseOf(path) : 0,
    master: (kind === "sentinel" && decoded(path, "the name of its master")) || DEFAULT_MASTER,
    query,
  };
}

interface Login {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
}

/** What ends a user or password elsewhere must be escaped, or a part of it would be taken for a host, a path or options. */
function parseLogin(login: string): Login {
  if (/[@/?#\s]/.test(login)) throw notEscaped();
  const colon = login.indexOf(":");
  const [username, password] =
    colon < 0 ? [login] : [login.slice(0, colon), login.slice(colon + 1)];
  try {
    return {
      username: decodeURIComponent(username as string) || undefined,
      password: password === undefined ? undefined : decodeURIComponent(password),
    };
  } catch {
    throw notEscaped();
  }
}

function parseHost(text: string, defaultPort: number) {
  const match = HOST.exec(text);
  const port = Number(match?.[2] ?? defaultPort);
  if (match === null || port < 1 || port > 65_535) {
    throw notAnAddress("its hosts can not be read");
  }
  return { host: (match[1] as string).replace(/^\[|\]$/g, ""), port };
}

function databaseOf(path: string): number {
  if (path === "") return 0;
  if (/^\d{1,6}$/.test(path)) return Number(path);
  throw notAnAddress("its database is no number");
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw notAnAddress(`${what} can not be read`);
  }
}

const notAnAddress = (why: string): NadbError =>
  invalidArgument(
    `the URL is no address of Redis: ${why}`,
    "write redis://host:6379, rediss://… for TLS, redis+sentinel://host,host/master or redis+cluster://host,host",
  );

const notEscaped = (): NadbError =>
  invalidArgument(
    "the user or password of the URL holds characters that must be escaped",
    "write %40 for @, %2F for /, %3F for ?, %23 for #, %25 for % and %20 for a space: encodeURIComponent does",
  );
