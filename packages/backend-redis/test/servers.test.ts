// The servers that tests start: each kind answers, can be hurt as the tests need it, and leaves nothing behind.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Redis } from "ioredis";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  DURABLE,
  freePort,
  HOST,
  hasOpenssl,
  type Server,
  type ServerOptions,
  sharedServer,
  startRedis,
  startServer,
  untilTrue,
} from "./servers/index.js";
import { isLeft, type Traces } from "./servers/left-over.js";

async function started(options?: ServerOptions): Promise<Server> {
  const server = await startServer(options);
  onTestFinished(() => server.stop());
  return server;
}

const tracesOf = ({ pid, folder }: Traces): Traces => ({ pid, folder });

describe("a server", () => {
  it("answers who knows its password, nobody else", async () => {
    const server = await started();
    expect(await server.client().set("a", "1")).toBe("OK");
    expect(await server.call("GET", "a")).toBe("1");
    const stranger = server.client({ password: "wrong" });
    await expect(stranger.get("a")).rejects.toThrow("WRONGPASS");
  });

  it("is reached by its URL", async () => {
    const server = await started();
    const client = new Redis(server.url);
    onTestFinished(() => client.disconnect());
    expect(await client.ping()).toBe("PONG");
  });

  it("asks for no password if none is wanted", async () => {
    const server = await started({ password: "" });
    expect(server.url).toBe(`redis://${HOST}:${server.port}`);
    expect(await server.call("PING")).toBe("PONG");
  });

  it("knows its users", async () => {
    const server = await started({ users: { reader: "on >secret ~* +@read +@connection +info" } });
    const reader = server.client({ username: "reader", password: "secret" });
    expect(await reader.get("a")).toBeNull();
    await expect(reader.set("a", "1")).rejects.toThrow("NOPERM");
  });

  it("is configured as the test says", async () => {
    const server = await started({
      config: { maxmemory: "3mb", "maxmemory-policy": "allkeys-lru" },
    });
    expect(await server.call("CONFIG", "GET", "maxmemory")).toEqual(["maxmemory", "3145728"]);
  });

  it("that can not be started is told of with its log, and nothing of it is left", async () => {
    let folder = "";
    const prepare = async (made: string): Promise<void> => {
      folder = made;
    };
    const refused = startRedis({ config: { "no-such-setting": "1" }, prepare });
    await expect(refused).rejects.toThrow(/does not run: it ended \(1\)[\s\S]*no-such-setting/);
    expect(isLeft({ pid: 0x7fffffff, folder })).toBe(false);
  });

  it("takes another port when the one it was given is taken", async () => {
    const taken = createServer();
    await once(taken.listen(0, HOST), "listening");
    onTestFinished(() => void taken.close());
    const { port } = taken.address() as { port: number };
    const proposals = [port, await freePort()];
    const propose = async (): Promise<number> => proposals.shift() ?? Number.NaN;
    const server = await startRedis({ freePort: propose });
    onTestFinished(() => server.stop());
    expect(proposals).toEqual([]);
    expect(server.port).not.toBe(port);
  });

  it("is ended and its folder removed by stop, also when it is paused, also twice", async () => {
    const server = await started();
    const traces = tracesOf(server);
    expect(isLeft(traces)).toBe(true);
    await server.pause();
    await server.stop();
    expect(isLeft(traces)).toBe(false);
    await server.stop();
  });
});

describe("a server that is hurt", () => {
  it("has after kill -9 and a restart what it acknowledged", async () => {
    const server = await started({ config: DURABLE });
    await server.call("SET", "a", "1");
    const { pid, port } = server;
    await server.kill();
    expect(server.isRunning).toBe(false);
    await expect(server.call("GET", "a")).rejects.toThrow();
    await server.restart();
    expect([server.port, server.pid === pid]).toEqual([port, false]);
    expect(await server.client().get("a")).toBe("1");
  });

  it("forgets without that", async () => {
    const server = await started();
    await server.call("SET", "a", "1");
    await server.kill();
    await server.restart();
    expect(await server.client().get("a")).toBeNull();
  });

  it("answers nothing while it is paused, and everything afterwards", async () => {
    const server = await started();
    const client = server.client();
    await client.ping();
    await server.pause();
    const answer = client.incr("a");
    const later = new Promise<string>((resolve) => setImmediate(resolve, "nothing"));
    expect(await Promise.race([answer, later])).toBe("nothing");
    await server.resume();
    expect(await answer).toBe(1);
  });

  it("says that it loads for as long as it does", async () => {
    const server = await started();
    for (let i = 0; i < 200; i++) await server.call("SET", `key${i}`, "x".repeat(2_000));
    await server.call("SAVE");
    await server.kill();
    const config = { "key-load-delay": "50000", "loading-process-events-interval-bytes": "1024" };
    await server.restart({ config, until: "loading" });
    const client = server.client({ enableReadyCheck: false });
    await expect(client.get("key0")).rejects.toThrow("LOADING");
  });
});

describe.runIf(hasOpenssl())("a server with TLS", () => {
  it("answers who trusts its certificate, nobody else", async () => {
    const server = await started({ tls: true });
    expect(server.url).toMatch(/^rediss:/);
    expect(await server.client().ping()).toBe("PONG");
    const suspicious = server.client({ tls: {}, maxRetriesPerRequest: 0 });
    await expect(suspicious.ping()).rejects.toThrow();
  });
});

describe("a server that tests share", () => {
  const server = sharedServer();
  const pids = new Set<number>();

  it.each(["first", "second"])("is the same and empty for the %s", async () => {
    pids.add(server().pid);
    expect(pids.size).toBe(1);
    expect(await server().call("INCR", "a")).toBe(1);
  });
});

describe("servers whose owner", () => {
  const program = fileURLToPath(new URL("programs/owner.mjs", import.meta.url));

  async function owner(how: "stay" | "end"): Promise<{ owner: ChildProcess; traces: Traces[] }> {
    const stdio = ["ignore", "pipe", "inherit"] as const;
    const owner = spawn(process.execPath, [program, how], { detached: true, stdio: [...stdio] });
    onTestFinished(() => void owner.kill("SIGKILL"));
    if (owner.stdout === null) throw new Error("it has no output");
    const [line] = await once(createInterface({ input: owner.stdout }), "line");
    return { owner, traces: JSON.parse(line) };
  }

  const untilNothingIsLeft = (traces: readonly Traces[]): Promise<void> =>
    untilTrue("that nothing is left of the servers", async () => !traces.some(isLeft));

  it("is killed with -9 are ended and their folders removed", async () => {
    const { owner: killed, traces } = await owner("stay");
    expect(traces.map(isLeft)).toEqual([true, true]);
    killed.kill("SIGKILL");
    await untilNothingIsLeft(traces);
  });

  it("is killed with all its group are ended, too", async () => {
    const { owner: killed, traces } = await owner("stay");
    process.kill(-(killed.pid ?? Number.NaN), "SIGKILL");
    await untilNothingIsLeft(traces);
  });

  it("comes to its end are ended and do not hold it up", async () => {
    const { traces } = await owner("end");
    await untilNothingIsLeft(traces);
  });
});
