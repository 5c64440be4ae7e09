// unstorage with its fs driver: a file for each record, written and never flushed.

let createStorage;
let fsDriver;

const NOT_FLUSHED = "NOT flushed";
const WALKS_ALL = "no scan by prefix: lists all files";

export const unstorage = {
  name: "unstorage fs",
  unlike: {
    set: NOT_FLUSHED,
    batch: `${NOT_FLUSHED}, a file for each record`,
    delete: NOT_FLUSHED,
    buffered: "in the page cache: kill -9 loses nothing",
    keys: WALKS_ALL,
    values: `${WALKS_ALL}, reads one by one`,
  },
  load: async () => {
    ({ createStorage } = await import("unstorage"));
    ({ default: fsDriver } = await import("unstorage/drivers/fs"));
  },
  open,
  openBuffered: async (folder) => {
    const { set, close } = await open(folder);
    return { set, close };
  },
};

async function open(folder) {
  const storage = createStorage({ driver: fsDriver({ base: folder }) });
  const set = ({ key, value }) => storage.setItemRaw(key, value);
  const get = (key) => storage.getItemRaw(key);
  const keys = async (prefix) => (await storage.getKeys()).filter((key) => key.startsWith(prefix));
  return {
    set,
    setMany: (entries) => Promise.all(entries.map(set)),
    get,
    delete: (key) => storage.removeItem(key),
    keys,
    values: async (prefix) => Promise.all((await keys(prefix)).map(get)),
    close: () => storage.dispose(),
  };
}
