// What may stand under "retention" in nadb.config.json: the rules of `nadb backup prune`, in the words of its options.
import {
  array,
  exactOptional,
  type InferOutput,
  integer,
  minValue,
  number,
  pipe,
  readonly,
  strictObject,
  string,
} from "valibot";

const count = exactOptional(pipe(number(), integer(), minValue(0)));

export const retentionSchema = strictObject({
  keepLast: count,
  keepHourly: count,
  keepDaily: count,
  keepWeekly: count,
  keepMonthly: count,
  keepYearly: count,
  /** As it is typed: 30d. */
  keepWithin: exactOptional(string()),
  keepLabels: exactOptional(pipe(array(string()), readonly())),
  timeZone: exactOptional(string()),
});

export type RetentionConfig = InferOutput<typeof retentionSchema>;
