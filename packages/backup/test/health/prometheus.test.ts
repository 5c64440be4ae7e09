// Health in the text format of Prometheus: each line as the format has it, nothing that is not known, labels escaped.
import { describe, expect, it } from "vitest";
import { judgeHealth, prometheusText } from "../../src/index.js";
import { fill, openSite } from "../support/store.js";

const LINE = /^([a-z_]+)\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (-?[0-9.]+(?:e[+-]\d+)?)$/;

const failed = (namespace: string) =>
  judgeHealth({
    now: 5_000,
    id: { db: "d", namespace },
    repository: { code: "NADB_IO", message: "gone" },
    source: undefined,
  });

describe("prometheus text", () => {
  it("gives each metric a HELP, a TYPE and lines of the format, each family once", async () => {
    const { backups, store } = await openSite();
    await fill(store, 3);
    await backups.createBackup({ backupId: "b" });
    await backups.verifyBackup("b");
    const text = prometheusText(await backups.backupHealth());
    expect(text.endsWith("\n")).toBe(true);
    const lines = text.trimEnd().split("\n");
    const families = lines.filter((line) => line.startsWith("# TYPE"));
    expect(new Set(families).size).toBe(families.length);
    expect(lines.filter((line) => line.startsWith("# HELP"))).toHaveLength(families.length);
    for (const line of lines.filter((one) => !one.startsWith("#"))) {
      const [, name] = LINE.exec(line) ?? [];
      expect(families).toContain(`# TYPE ${name} gauge`);
    }
    const source = 'db="default",namespace="default"';
    expect(lines).toContain(`nadb_backup_health{${source}} 1`);
    expect(lines).toContain(`nadb_backup_check_status{${source},check="drilled"} 1`);
    expect(lines).toContain(`nadb_backup_state_records{${source}} 3`);
    expect(lines).toContain(`nadb_backup_newest_good_age_seconds{${source}} 0`);
  });

  it("of a repository that can not be read has the judgement and no measure", () => {
    const lines = prometheusText(failed("n")).trimEnd().split("\n");
    expect(lines.filter((line) => !line.startsWith("#"))).toEqual([
      'nadb_backup_health{db="d",namespace="n"} 2',
      'nadb_backup_check_status{db="d",namespace="n",check="repository"} 2',
      'nadb_backup_checked_timestamp_seconds{db="d",namespace="n"} 5',
    ]);
  });

  it("escapes labels", () => {
    expect(prometheusText(failed('a"b\\c\nd'))).toContain('namespace="a\\"b\\\\c\\nd"');
  });
});
