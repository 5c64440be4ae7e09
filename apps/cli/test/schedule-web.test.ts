// Requests to a webhook or heartbeat, against a real server, on time that passes when nobody answers.
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Timer } from "@nadb/backup";
import { isNadbError } from "@nadb/core";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { callWeb, checkUrl, publicUrl } from "../src/schedule/web.js";

/** Remembers pauses, which end at once; waits for an answer end when the test says so. */
class TestTimer implements Timer {
  readonly pauses: number[] = [];
  endWait: () => void = () => undefined;
  readonly now = (): number => 0;

  wait(ms: number, signal: AbortSignal): Promise<void> {
    if (ms < 10_000) {
      this.pauses.push(ms);
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.endWait = resolve;
      signal.addEventListener("abort", () => resolve());
    });
  }
}

let server: Server;
let url: string;
/** What is answered in turn; undefined: nothing. */
let answers: (number | undefined)[];
let asked: number;
let onSilence: () => void;
beforeEach(async () => {
  asked = 0;
  onSilence = () => undefined;
  server = createServer((_, response) => {
    const status = answers[asked++];
    if (status === undefined) onSilence();
    else response.writeHead(status).end("text");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/path?token=secret`;
});
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const never = new AbortController().signal;
const failureOf = (timer: Timer, signal = never): Promise<string> =>
  callWeb({ url, method: "GET" }, timer, signal).then(
    () => "none",
    (error) => (isNadbError(error, "NADB_IO") ? error.message : `no NADB_IO: ${error}`),
  );

describe("a request", () => {
  it("is tried again, later each time, while the server fails", async () => {
    answers = [500, 503, 429, 204];
    const timer = new TestTimer();
    expect(await failureOf(timer)).toBe("none");
    expect(timer.pauses).toEqual([1000, 2000, 4000]);
  });

  it("is given up after four tries", async () => {
    answers = [500, 500, 500, 500, 200];
    const told = `GET ${publicUrl(url)}: answered with status 500`;
    expect(await failureOf(new TestTimer())).toBe(told);
    expect(asked).toBe(4);
  });

  it("is not tried again when it was refused", async () => {
    answers = [404, 200];
    expect(await failureOf(new TestTimer())).toContain("status 404");
    expect(asked).toBe(1);
  });

  it("that is not answered in time is tried again", async () => {
    answers = [undefined, 200];
    const timer = new TestTimer();
    onSilence = () => timer.endWait();
    expect(await failureOf(timer)).toBe("none");
  });

  it("ends when nadb is told to end", async () => {
    answers = [undefined, 200];
    const stop = new AbortController();
    onSilence = () => stop.abort();
    expect(await failureOf(new TestTimer(), stop.signal)).toContain("interrupted");
    expect(asked).toBe(1);
  });

  it("to nobody tells why, without the query", async () => {
    answers = [];
    server.close();
    server.closeAllConnections();
    const told = await failureOf(new TestTimer());
    expect(told).toContain("ECONNREFUSED");
    expect(told).not.toContain("secret");
  });
});

describe("a URL", () => {
  it("is told without user, password, query and fragment", () => {
    expect(publicUrl("https://me:pass@host:8080/a/b?token=1#2")).toBe("https://host:8080/a/b");
  });

  it.each(["", "host/path", "ftp://host", "file:///etc/passwd"])("%j is refused", (text) => {
    expect(() => checkUrl("webhook", text)).toThrow(/webhook/);
  });
});
