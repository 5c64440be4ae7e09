// The targets that come with @nadb/backup keep every promise, in backends of every kind: one that outlives its close, one
// whose commits name but one key, one that takes little at a time.
import { join } from "node:path";
import { backendTarget, directoryTarget, memoryTarget } from "@nadb/backup";
import { memoryBackend, type StorageBackend } from "@nadb/core";
import { describe, it } from "vitest";
import { type OpenTarget, targetConformance } from "../src/index.js";
import { singleKeyBackend } from "./single-key.js";
import { strictBackend } from "./strict-kv.js";

/** Each environment has one backend, that all its clients share. */
const inBackend = (
  make: (environment: Parameters<OpenTarget>[0]) => StorageBackend | Promise<StorageBackend>,
  pieceBytes?: number,
): OpenTarget => {
  const backends = new WeakMap<object, StorageBackend>();
  return async (environment) => {
    const { clock } = environment;
    const backend = backends.get(environment) ?? (await make(environment));
    if (!backends.has(environment)) environment.defer(() => backend.close());
    backends.set(environment, backend);
    return backendTarget(backend, { clock, ...(pieceBytes === undefined ? {} : { pieceBytes }) });
  };
};

const memory = inBackend(({ clock }) => memoryBackend({ clock }));

describe.each<readonly [string, OpenTarget]>([
  ["memory", () => memoryTarget()],
  ["a folder", ({ folder }) => directoryTarget(join(folder(), "not", "yet", "there"))],
  ["a backend in memory", memory],
  ["pieces of odd length", inBackend(({ clock }) => memoryBackend({ clock }), 99_991)],
  ["a backend that is strict, and outlives its close", inBackend(strictBackend)],
  ["a backend whose commits name one key", inBackend(singleKeyBackend)],
])("a target in %s", (_, open) => {
  targetConformance({ describe, it }, open);
});
