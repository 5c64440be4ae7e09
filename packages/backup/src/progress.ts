// What long work says of itself while it runs.

export interface Progress {
  /** read: from the store into the backup; check: reading a backup back; load: from a backup into a store. */
  readonly phase: "read" | "check" | "load";
  readonly records: number;
  /** Bytes of changes in their canonical encoding. */
  readonly bytes: number;
  /** Where it is known beforehand. */
  readonly totalRecords?: number;
}

export interface LongWork {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}
