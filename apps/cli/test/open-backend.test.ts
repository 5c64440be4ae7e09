import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { openBackend, storeFolder } from "../src/open-backend.js";

describe("store URLs", () => {
  it("names a backend by its scheme", () => {
    expect(openBackend("fs:./data", { create: false }).name).toBe("fs");
    expect(openBackend("memory:", { create: false }).name).toBe("memory");
  });

  it("takes relative and absolute folders", () => {
    expect(storeFolder("fs:data")).toBe("data");
    expect(storeFolder("fs:/srv/data")).toBe(resolve("/srv/data"));
    expect(storeFolder("fs:///srv/data")).toBe("/srv/data");
    expect(storeFolder("memory:")).toBeUndefined();
  });

  it.each(["", "data", "./data", "redis://localhost", "FS:data", ":x"])(
    "refuses %j and says which schemes there are",
    (url) => {
      expect(() => openBackend(url, { create: false })).toThrow(
        expect.objectContaining({
          code: "NADB_INVALID_ARGUMENT",
          message: expect.stringContaining("fs:, memory:"),
        }),
      );
    },
  );

  it.each(["fs:", "fs://host/data", "memory:x"])("refuses %j", (url) => {
    expect(() => openBackend(url, { create: false })).toThrow(
      expect.objectContaining({ code: "NADB_INVALID_ARGUMENT" }),
    );
  });
});
