// When a call's connection is held to be silent: by looks at what flows on it, not by time.
import type { Socket } from "node:net";
import { expect, it } from "vitest";
import { Call } from "../src/call.js";

const LOOKS = 3;

function sent() {
  const socket = { bytesRead: 0, bytesWritten: 0, writableLength: 0, destroyed: false };
  const connection = socket as unknown as Socket;
  const call = new Call("ask");
  void call.ask("get", ["a"], (request) => request.toWritable(connection)).catch(() => undefined);
  const look = () => call.silent(LOOKS) === connection;
  return { socket, call, look };
}

it("a connection is silent after so many looks at which nothing had flowed", () => {
  const { look } = sent();
  expect([look(), look(), look(), look(), look()]).toEqual([false, false, false, true, true]);
});

it("what is read begins it anew", () => {
  const { socket, look } = sent();
  for (let i = 0; i < 10; i++) {
    socket.bytesRead += 1;
    expect(look()).toBe(false);
  }
});

it("a request that goes out slowly does, too; what the system takes at once does not", () => {
  const { socket, look } = sent();
  socket.bytesWritten = 1_000;
  for (socket.writableLength = 1_000; socket.writableLength > 0; socket.writableLength -= 100) {
    expect(look()).toBe(false);
  }
  const seen = Array.from({ length: 5 }, () => {
    socket.bytesWritten += 10;
    return look();
  });
  expect(seen).toEqual([false, false, false, true, true]);
});

it("nothing is silent where nothing was sent", () => {
  const call = new Call("ask");
  void call.ask("get", ["a"], () => undefined).catch(() => undefined);
  for (let i = 0; i < 10; i++) expect(call.silent(LOOKS)).toBe(undefined);
});
