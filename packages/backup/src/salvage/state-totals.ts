// What the records of a state add up to: what a manifest says of it.
import { changeVersion, type EncodedChange, recordValueLength, StateDigest } from "@nadb/core";
import type { SalvageReport } from "./report.js";

export class StateTotals {
  readonly digest = new StateDigest();
  recordCount = 0;
  totalSize = 0;
  /** The highest there is. */
  lastVersion = 0;

  add(records: readonly EncodedChange[]): void {
    for (const record of records) {
      this.digest.toggle(record);
      this.totalSize += recordValueLength(record);
      this.lastVersion = Math.max(this.lastVersion, changeVersion(record));
    }
    this.recordCount += records.length;
  }

  totals(): Pick<SalvageReport, "recordCount" | "totalSize" | "stateDigest"> {
    const { recordCount, totalSize, digest } = this;
    return { recordCount, totalSize, stateDigest: digest.toHex() };
  }
}
