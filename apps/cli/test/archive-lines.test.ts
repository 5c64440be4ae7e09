// What the archiver is said to do: also how far it is behind when a look has failed.
import { NadbError } from "@nadb/core";
import { expect, it } from "vitest";
import { ArchiveLines } from "../src/commands/backup/archive-lines.js";
import type { Output } from "../src/output.js";

it.each([true, false])("a look that is tried again tells the lag; as JSON: %s", async (json) => {
  const written: string[] = [];
  const raw = async (text: string) => void written.push(text);
  const lines = new ArchiveLines({ options: { json }, raw } as unknown as Output);
  lines.listeners.onLag?.({ versions: 3, seconds: 61.5 });
  lines.listeners.onRetry?.(new NadbError("NADB_IO", "the target is away"), 2_000);
  await lines.written;
  const [line = ""] = written;
  if (json) {
    const lag = { versions: 3, seconds: 61.5 };
    expect(JSON.parse(line)).toMatchObject({
      event: "retry",
      code: "NADB_IO",
      afterMs: 2_000,
      lag,
    });
  } else
    expect(line).toContain("NADB_IO: the target is away; again in 2 s; 3 versions and 61 s behind");
});
