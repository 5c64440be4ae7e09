import { backend, type Mutant, namespace } from "./mutant.js";

export const backendMutants: readonly Mutant[] = [
  {
    does: "goes on working after close",
    caughtBy: "lifecycle › after close every call throws NADB_CLOSED",
    open: backend(() => ({ close: async () => {} })),
  },
  {
    does: "closes under work in flight",
    caughtBy: "lifecycle › close waits for work in flight",
    open: namespace((inner) => ({
      commit: async (mutations, options) => {
        await new Promise(setImmediate);
        return inner.commit(mutations, options);
      },
    })),
  },
  {
    does: "does not drop",
    caughtBy: "drop › removes the content and the name",
    open: backend(() => ({ drop: async () => {} })),
  },
  {
    does: "lists namespaces that were only looked at",
    caughtBy: "lifecycle › namespaces() lists what has been written to, and nothing else",
    open: backend((inner) => {
      const seen = new Map<string, { db: string; namespace: string }>();
      return {
        namespace: (id) => {
          seen.set(`${id.db}/${id.namespace}`, id);
          return inner.namespace(id);
        },
        async *namespaces() {
          yield* seen.values();
        },
      };
    }),
  },
  {
    does: "takes namespaces of one name in two databases for one",
    caughtBy: "lifecycle › namespaces are apart, also where their names are alike",
    open: backend((inner) => ({
      namespace: ({ db, namespace: name }) =>
        inner.namespace({ db: "db", namespace: `${db}.${name}` }),
    })),
  },
  {
    does: "says it is durable and is not",
    caughtBy: "capabilities › durable: another backend on the same storage finds everything",
    open: backend((inner) => ({ capabilities: { ...inner.capabilities, durable: true } })),
  },
  {
    does: "says that several processes may share it, which is not so",
    caughtBy: "capabilities › multiProcess: two backends that write at once lose nothing",
    open: backend((inner) => ({ capabilities: { ...inner.capabilities, multiProcess: true } })),
  },
  {
    does: "declares a larger key than it takes",
    caughtBy: "capabilities › are declared in full",
    open: backend((inner) => ({ capabilities: { ...inner.capabilities, maxKeyBytes: 4_096 } })),
  },
  {
    does: "declares a smaller value than it takes",
    caughtBy: "capabilities › maxValueBytes is where values end",
    open: backend((inner) => ({ capabilities: { ...inner.capabilities, maxValueBytes: 1_000 } })),
  },
];
