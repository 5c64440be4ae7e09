// Every call the contract has, to be made where none may succeed.
import type { Checkpoint, StorageBackend, StorageNamespace } from "@nadb/core";
import { MAIN } from "../bench.js";
import { put } from "../generate.js";
import { readRun } from "../runs.js";

export interface CallTargets {
  readonly backend: StorageBackend;
  readonly namespace: StorageNamespace;
  readonly checkpoint: Checkpoint;
}

type Call = readonly [name: string, call: () => Promise<unknown>];

export const calls = (on: CallTargets): Call[] => [
  ["namespace", () => on.backend.namespace(MAIN)],
  ["namespaces", () => first(on.backend.namespaces())],
  ["drop", () => on.backend.drop(MAIN)],
  ["replace", () => on.namespace.replace()],
  ["merge", () => on.namespace.merge()],
  ["sweep", () => on.namespace.sweep(1, 1)],
  ["trim", () => on.namespace.trim(on.checkpoint)],
  ...abortableCalls(on.namespace),
];

/** The calls of a namespace that take a signal. */
export const abortableCalls = (namespace: StorageNamespace, signal?: AbortSignal): Call[] => {
  const options = signal === undefined ? {} : { signal };
  return [
    ["head", () => namespace.head(options)],
    ["getMany", () => namespace.getMany(["a"], options)],
    ["commit", () => namespace.commit([put("b")], options)],
    ["changes", () => readRun(namespace, null, options)],
    ["keys", () => namespace.keys(options)],
    ["query", () => namespace.query({ all: ["tag"], ...options })],
    ["tags", () => namespace.tags(options)],
  ];
};

const first = (items: AsyncIterable<unknown>): Promise<unknown> =>
  items[Symbol.asyncIterator]().next();
