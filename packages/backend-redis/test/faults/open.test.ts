// What is told when a backend opens: who answers there, whether it may be used as a store, and what the user may do. Quickly
// where no waiting would help, and never with the password in the message or in what it was caused by.
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, createServer, type Server as NetServer, type Socket } from "node:net";
import { inspect } from "node:util";
import type { NadbError } from "@nadb/core";
import { describe, expect, it, onTestFinished, vi } from "vitest";
import { type RedisBackendOptions, redisBackend } from "../../src/index.js";
import { READS, WRITES } from "../../src/lua/rights.js";
import { scripts } from "../../src/scripts.js";
import { freePort, HOST, hasOpenssl, PASSWORD } from "../servers/index.js";
import {
  backend,
  cluster,
  failureOf,
  ID,
  namespace,
  put,
  read,
  SHORT,
  sentinels,
  server,
} from "./support.js";

/** With patience for an hour: what fails here fails at once. */
const PATIENT = 3_600;

async function refusal(options: RedisBackendOptions, ...codes: string[]): Promise<NadbError> {
  const { error, warn } = console;
  const heard = vi.spyOn(console, "error").mockImplementation(() => undefined);
  onTestFinished(() => void Object.assign(console, { error, warn }));
  const made = redisBackend({ retrySeconds: PATIENT, ...options });
  onTestFinished(() => made.close());
  const failure = await failureOf(made.open(), ...codes);
  expect(inspect(failure, { depth: 20, showHidden: true })).not.toContain("secret");
  expect(heard, "what the client prints").not.toHaveBeenCalled();
  return failure;
}

async function listening(listener: NetServer): Promise<number> {
  await once(listener.listen(0, HOST), "listening");
  onTestFinished(() => void listener.close());
  return (listener.address() as AddressInfo).port;
}

describe("an open that can not succeed", () => {
  it.each(["redis", "redis with protocol 2", "a cluster", "sentinels"])(
    "is told of a wrong password, by %s",
    async (kind) => {
      const wrong = encodeURIComponent(`a secret/of somebody else`);
      const right = encodeURIComponent(PASSWORD);
      if (kind === "redis with protocol 2") {
        const one = await server();
        const client = one.client({ password: "a secret/of somebody else", protocol: 2 });
        await refusal({ client }, "NADB_IO");
        return;
      }
      const url = await urlOf(kind);
      expect(url).toContain(right);
      const failure = await refusal({ url: url.replace(right, wrong) }, "NADB_IO");
      expect(failure.hint).toContain("password");
    },
  );

  async function urlOf(kind: string): Promise<string> {
    if (kind === "redis") return (await server()).url;
    if (kind === "a cluster") return (await cluster({ masters: 1, replicas: 0 })).url;
    return (await sentinels({ sentinelPassword: PASSWORD })).url;
  }

  it("is told of a missing password", async () => {
    const one = await server();
    const failure = await refusal({ url: `redis://${HOST}:${one.port}` }, "NADB_IO");
    expect(failure.hint).toContain("password");
  });

  it("is told of a database that is not there, and writes to no other", async () => {
    const one = await server({ config: { databases: "2" } });
    const failure = await refusal({ url: `${one.url}/7` }, "NADB_IO");
    expect(failure.hint).toContain("database");
    expect(await one.call("DBSIZE")).toBe(0);
  });

  it("is told of a server that is not Redis", async () => {
    const http = createHttpServer((_, response) => void response.end("hello"));
    const port = await listening(http);
    const failure = await refusal({ url: `redis://:secret@${HOST}:${port}` }, "NADB_IO");
    expect(failure.hint).toContain("not Redis");
  });

  it.runIf(hasOpenssl())("is told of a certificate that nobody trusts", async () => {
    const one = await server({ tls: true });
    const failure = await refusal({ url: one.url }, "NADB_IO");
    expect(failure.hint).toContain("authority");
    const ca = one.certificate as string;
    const to = await namespace({ url: one.url, tls: { ca } });
    await to.commit([put("a", "1")]);
  });

  it.runIf(hasOpenssl())("is told of a server without TLS", async () => {
    const one = await server();
    const url = one.url.replace("redis:", "rediss:");
    const failure = await refusal({ url, retrySeconds: SHORT }, "NADB_IO");
    expect(failure.hint).toContain("TLS");
  });

  it.each(["redis", "redis+cluster", "redis+sentinel"])(
    "is told, after its time, of a server that is not there: %s",
    async (scheme) => {
      const where = `${HOST}:${await freePort()}`;
      const url = `${scheme}://:secret@${where}`;
      const failure = await refusal({ url, retrySeconds: SHORT }, "NADB_IO");
      expect(failure.message).toContain(`${where} can not be reached`);
    },
  );

  it.each(["redis", "redis+cluster", "redis+sentinel"])(
    "is told, after its time, of a server that says nothing: %s",
    async (scheme) => {
      const sockets = new Set<Socket>();
      const port = await listening(createServer((socket) => void sockets.add(socket)));
      onTestFinished(() => {
        for (const socket of sockets) socket.destroy();
      });
      const url = `${scheme}://:secret@${HOST}:${port}`;
      await refusal({ url, retrySeconds: SHORT }, "NADB_IO");
    },
  );

  it("may be tried again, when the server has come", async () => {
    const one = await server();
    await one.kill();
    const made = redisBackend({ url: one.url, retrySeconds: SHORT });
    onTestFinished(() => made.close());
    await failureOf(Promise.all([made.open(), made.open()]), "NADB_IO");
    await one.restart();
    await made.open();
    await (await made.namespace(ID)).commit([put("a", "1")]);
  });
});

describe("a user without rights", () => {
  const RULES = {
    "without scripts": "~nadb:* +@all -@scripting",
    "without the prefix": "~other:* +@all",
    "without the commands that read": "~nadb:* +@all -zrange",
    "without INFO": "~nadb:* +@all -info",
    "without scripts by their hash": "~nadb:* +@all -evalsha",
    "without the lists that a long commit reads": "~nadb:* +@all -lrange",
  };

  it.each(Object.entries(RULES))("%s can not open a store", async (_, rules) => {
    const one = await server({ users: { clerk: `on >secret ${rules}` } });
    const warned = vi.spyOn(console, "warn").mockImplementation(() => undefined);
    onTestFinished(() => warned.mockRestore());
    const failure = await refusal({ url: one.urlAt(one.port, "clerk", "secret") }, "NADB_IO");
    expect(failure.hint).toContain("rights");
  });

  it.each(["-hset", "-zadd", "-unlink", "-rpush", "-lpop", "-time", "-@write"])(
    "to write (%s) reads, and no commit is half done",
    async (rule) => {
      const one = await server({ users: { clerk: `on >secret ~nadb:* +@all ${rule}` } });
      const owner = await namespace({ url: one.url });
      await owner.commit([put("a", "1")]);
      const to = await namespace({ url: one.urlAt(one.port, "clerk", "secret") });
      expect(await read(to, "a")).toEqual(["1"]);
      const before = await to.head();
      const failure = await failureOf(to.commit([put("a", "2")]), "NADB_IO");
      expect(failure.hint).toContain("rights");
      await failureOf(to.replace(), "NADB_IO");
      expect(await owner.head()).toEqual(before);
    },
  );

  it("is asked about every command that is run, and each is taken for what it is", async () => {
    const run = Object.values(scripts).flatMap(({ text }) => named(text, /\bcall\('([A-Z]+)'/g));
    const sent = sources().flatMap((text) => named(text, /\bcommand\("([a-z]+)"/g));
    const all = [...new Set([...run, ...sent])].sort();
    const [reads, writes] = [READS.split(" "), WRITES.split(" ")];
    expect([...reads, ...writes, "INFO", "TIME"].sort()).toEqual(all);
    const one = await server();
    for (const name of [...reads, ...writes]) {
      const [[, , flags]] = (await one.call("COMMAND", "INFO", name)) as [
        [string, number, string[]],
      ];
      expect([name, flags.includes("write")]).toEqual([name, writes.includes(name)]);
    }
  });

  const named = (text: string, pattern: RegExp): string[] =>
    [...text.matchAll(pattern)].map(([, name]) => (name as string).toUpperCase());

  function sources(): string[] {
    const folder = new URL("../../src/", import.meta.url);
    return readdirSync(folder)
      .filter((file) => file.endsWith(".ts"))
      .map((file) => readFileSync(new URL(file, folder), "utf8"));
  }

  it.each(["-zadd", "-hmget", "-info"])(
    "that is taken away later (%s) is told with a hint",
    async (rule) => {
      const one = await server({ users: { clerk: "on >secret ~nadb:* +@all" } });
      const to = await namespace({ url: one.urlAt(one.port, "clerk", "secret"), retrySeconds: 20 });
      await to.commit([put("a", "1")]);
      await one.call("ACL", "SETUSER", "clerk", rule);
      const failure = await failureOf(to.commit([put("a", "2")]), "NADB_IO");
      expect(failure.hint).toContain("rights");
    },
  );

  it("but those that are needed has all that is needed", async () => {
    const rules = "~nadb:* -@all +@read +@write +@scripting +@connection +info +time";
    const one = await server({ users: { clerk: `on >secret ${rules}` } });
    const made = await backend({ url: one.urlAt(one.port, "clerk", "secret") });
    const to = await made.namespace(ID);
    await to.commit([put("a", "1", ["t"])]);
    const into = await to.replace();
    await into.commit();
    await made.drop(ID);
  });
});

describe("a server with commands of other names", () => {
  const disabled = (command: string) => server({ config: { "rename-command": `${command} ""` } });

  it.each(["HMGET", "LRANGE", "EVAL", "EVALSHA", "INFO"])(
    "is refused without %s",
    async (command) => {
      const failure = await refusal(
        { url: (await disabled(command)).url },
        "NADB_UNSUPPORTED",
        "NADB_IO",
      );
      expect([failure.message, failure.hint].join()).toMatch(/rename-command/);
      expect(failure.message.toUpperCase()).toContain(command);
      expect(failure.message).not.toContain("args");
    },
  );

  it.each(["UNLINK", "RPUSH", "TIME"])("is only read without %s", async (command) => {
    const to = await namespace({ url: (await disabled(command)).url });
    expect(await read(to, "a")).toEqual([undefined]);
    const failure = await failureOf(to.commit([put("a", "1")]), "NADB_UNSUPPORTED");
    expect(failure.message).toContain(command);
  });
});

describe("a server that is no store", () => {
  it.each([
    "allkeys-lru",
    "allkeys-lfu",
    "allkeys-random",
    "volatile-lru",
    "volatile-lfu",
    "volatile-random",
    "volatile-ttl",
  ])("because it evicts, by %s, is refused", async (policy) => {
    const one = await server({ config: { "maxmemory-policy": policy } });
    const failure = await refusal({ url: one.url }, "NADB_UNSUPPORTED");
    expect([failure.message, failure.hint].join()).toMatch(new RegExp(`${policy}.*noeviction`));
  });

  it("because one of a cluster evicts is refused", async () => {
    const all = await cluster({ masters: 3, replicas: 0 });
    await all.nodes[2]?.call("CONFIG", "SET", "maxmemory-policy", "volatile-lru");
    await refusal({ url: all.url }, "NADB_UNSUPPORTED");
  });

  it.each(["6.2.14", "5.0", "unknown"])("because it is too old is refused: %s", async (version) => {
    const port = await listening(createServer((socket) => answerAsOld(socket, version)));
    const failure = await refusal({ url: `redis://${HOST}:${port}` }, "NADB_UNSUPPORTED");
    expect(failure.hint).toContain("version 7");
  });

  /** Not a server of Redis, but something that answers INFO as an old one does, and everything else with OK. */
  function answerAsOld(socket: Socket, version: string): void {
    const info = `redis_version:${version}\r\nrole:master\r\nloading:0\r\n`;
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      for (const [, name] of String(data).matchAll(/\*\d+\r\n\$\d+\r\n(\w+)\r\n/g)) {
        const isInfo = name?.toLowerCase() === "info";
        socket.write(isInfo ? `$${info.length}\r\n${info}\r\n` : "+OK\r\n");
      }
    });
  }
});
