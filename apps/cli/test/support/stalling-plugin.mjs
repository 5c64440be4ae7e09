// A backend that stops for ever at one step of a drill, and says so on standard error: whoever kills it then knows where it
// stood. stall:STEP:FOLDER, where STEP is mark, stage, put, commit, compare or drop.
import { fsBackend } from "@nadb/backend-fs";

const STAGED = { put: "put", commit: "commit" };

function stall(step) {
  process.stderr.write(`stalled at ${step}\n`);
  setInterval(() => undefined, 1_000); // lives until it is killed
  return new Promise(() => undefined);
}

/** The object, of which some members do something else. */
const override = (object, members) =>
  new Proxy(object, {
    get: (_, name) => {
      const member = members[name] ?? object[name];
      return typeof member === "function" ? member.bind(object) : member;
    },
  });

const stagedOf = (staged, at) =>
  at in STAGED ? override(staged, { [at]: () => stall(at) }) : staged;

function namespaceOf(storage, at) {
  const isMark = storage.id.namespace.endsWith("-mark");
  return override(storage, {
    commit: async (...args) => {
      const result = await storage.commit(...args);
      return isMark && at === "mark" ? stall(at) : result;
    },
    replace: async () => (at === "stage" ? stall(at) : stagedOf(await storage.replace(), at)),
    changes: (...args) =>
      at === "compare"
        ? { [Symbol.asyncIterator]: () => ({ next: () => stall(at) }) }
        : storage.changes(...args),
  });
}

function open(url) {
  const [, at, path] = url.split(":");
  const backend = fsBackend({ path });
  return override(backend, {
    namespace: async (id) => {
      const storage = await backend.namespace(id);
      return id.namespace.startsWith("nadb-drill-") ? namespaceOf(storage, at) : storage;
    },
    drop: (id) => (at === "drop" ? stall(at) : backend.drop(id)),
  });
}

export const plugin = { name: "stalling", schemes: ["stall"], open };
