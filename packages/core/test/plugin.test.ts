import { describe, expect, it } from "vitest";
import {
  type BackendPlugin,
  memoryBackend,
  memoryPlugin,
  pluginFor,
  withoutPassword,
} from "../src/index.js";
import { refuses } from "./refuses.js";

const acme: BackendPlugin = {
  name: "acme",
  schemes: ["acme", "acme+tls"],
  open: () => memoryBackend(),
};

describe("the plugin for a URL", () => {
  it("is the one that knows the scheme", () => {
    expect(pluginFor("acme://host/db", [memoryPlugin, acme])).toBe(acme);
    expect(pluginFor("acme+tls:x", [memoryPlugin, acme])).toBe(acme);
    expect(pluginFor("memory:", [memoryPlugin, acme])).toBe(memoryPlugin);
  });

  it("may be listed twice", () => {
    expect(pluginFor("acme:", [acme, acme])).toBe(acme);
  });

  it.each(["", ":", ":x", "acme", "./acme", "ACME:x", "nosuch:x", " acme:x"])(
    "is refused for %j, and the known schemes are named",
    (url) => {
      const call = () => pluginFor(url, [memoryPlugin, acme]);
      refuses("NADB_INVALID_ARGUMENT", call, "known are memory:, acme:, acme+tls:");
    },
  );

  it("is refused without telling the password in the URL", () => {
    const call = () => pluginFor("other://me:secret@host", [acme]);
    refuses("NADB_INVALID_ARGUMENT", call, "other://***@host");
  });

  it("is refused when two plugins claim one scheme, whatever the URL", () => {
    const rival = { ...acme, name: "rival", schemes: ["rival", "acme"] };
    const call = () => pluginFor("memory:", [memoryPlugin, acme, rival]);
    refuses("NADB_INVALID_ARGUMENT", call, '"acme" and "rival" both claim the scheme acme:');
  });

  it.each([
    [undefined],
    [null],
    ["acme"],
    [{ ...acme, name: "" }],
    [{ ...acme, name: 1 }],
    [{ ...acme, open: undefined }],
    [{ ...acme, schemes: "acme" }],
    [{ ...acme, schemes: [] }],
    [{ ...acme, schemes: ["acme:"] }],
    [{ ...acme, schemes: ["Acme"] }],
    [{ ...acme, schemes: [1] }],
  ])("is refused when %j stands among the plugins", (value) => {
    const plugins = [memoryPlugin, value as BackendPlugin];
    const call = () => pluginFor("memory:", plugins);
    refuses("NADB_INVALID_ARGUMENT", call, "plugin 2 of the list");
  });
});

describe("memory: URLs", () => {
  it("name a store in memory, on the clock that is given", async () => {
    const backend = await memoryPlugin.open("memory:", { clock: () => 77 });
    await backend.open();
    const namespace = await backend.namespace({ db: "a", namespace: "b" });
    await namespace.commit([{ type: "put", key: "k", value: new Uint8Array() }]);
    expect((await namespace.getMany(["k"]))[0]?.createdAt).toBe(77);
    await backend.close();
  });

  it("end with the colon", () => {
    const call = () => memoryPlugin.open("memory:x", {});
    refuses("NADB_INVALID_ARGUMENT", call, '"memory:x" is no store');
  });
});

describe("a URL that is shown", () => {
  it.each([
    ["redis://me:secret@host:6379/0", "redis://***@host:6379/0"],
    ["redis://:secret@host", "redis://***@host"],
    ["redis://secret@host:6379", "redis://***@host:6379"],
    ["redis://me:se@cr/et@host", "redis://***@host"],
    ["redis://:se?cr#et@host", "redis://***@host"],
    ["redis://:se?prefix=cr@host", "redis://***@host"],
    ["redis://host?password=secret", "redis://host?***"],
    ["redis://host?secret#db/ns", "redis://host?***"],
    [
      "redis://host?prefix=a&token=secret&partitions=4#db",
      "redis://host?prefix=a&***&partitions=4#db",
    ],
    ["acme:db?token=secret", "acme:db?***"],
    ["./what?now", "./what?now"],
    ["fs:./a:b@c", "fs:./a:b@c"],
    ["sqlite:///a:b@c", "sqlite:///a:b@c"],
  ])("%s has no password: %s", (url, shown) => {
    expect(withoutPassword(url)).toBe(shown);
  });
});
