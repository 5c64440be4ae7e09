// What may stand under "schedule" in nadb.config.json: jobs by cron expression, the archive, and who is told.
import {
  boolean,
  exactOptional,
  gtValue,
  type InferOutput,
  minValue,
  number,
  picklist,
  pipe,
  strictObject,
  string,
  union,
} from "valibot";
import { retentionSchema } from "./retention-schema.js";

const text = exactOptional(string());
const flag = exactOptional(boolean());
const seconds = exactOptional(pipe(number(), minValue(0)));
const timeout = exactOptional(pipe(number(), gtValue(0)));
const cron = string();

const compression = exactOptional(union([boolean(), picklist(["gzip", "zstd"])]));

const howToWrite = {
  cron,
  label: text,
  format: exactOptional(picklist(["pack", "json"])),
  compression,
  verify: flag,
};

export const scheduleSchema = strictObject({
  full: exactOptional(union([cron, strictObject(howToWrite)])),
  incremental: exactOptional(union([cron, strictObject({ ...howToWrite, skipUnchanged: flag })])),
  verify: exactOptional(
    union([
      cron,
      strictObject({
        cron,
        level: exactOptional(picklist(["quick", "checksum", "full"])),
        which: exactOptional(picklist(["newest", "all"])),
      }),
    ]),
  ),
  drill: exactOptional(union([cron, strictObject({ cron, db: text })])),
  prune: exactOptional(union([cron, strictObject({ cron, consolidate: flag })])),
  /** In the words of `nadb backup archive`: 1s, and 1s:1h,1m:24h. */
  archive: exactOptional(strictObject({ every: text, policy: text, compression })),
  timeZone: text,
  jitterSeconds: seconds,
  catchUp: flag,
  /** Else the retention of the whole configuration. */
  retention: exactOptional(retentionSchema),
  /** Command lines. */
  hooks: exactOptional(
    strictObject({ before: text, after: text, onFailure: text, timeoutSeconds: timeout }),
  ),
  webhook: text,
  heartbeat: text,
});

export type ScheduleConfig = InferOutput<typeof scheduleSchema>;
