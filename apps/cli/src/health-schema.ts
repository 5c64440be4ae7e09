// What may stand under "health" in nadb.config.json: the limits of `nadb backup health`, in the words of its options.
import {
  exactOptional,
  type InferOutput,
  integer,
  minValue,
  number,
  pipe,
  strictObject,
  string,
} from "valibot";

/** As it is typed: 24h, or off. */
const span = exactOptional(string());

export const healthSchema = strictObject({
  maxAge: span,
  maxUnverified: span,
  maxUndrilled: span,
  maxLag: span,
  maxChain: exactOptional(pipe(number(), integer(), minValue(1))),
});

export type HealthConfig = InferOutput<typeof healthSchema>;
