// What may stand in nadb.config.json.
import { invalidArgument, quote } from "@nadb/core";
import {
  array,
  type BaseIssue,
  exactOptional,
  getDotPath,
  type InferOutput,
  pipe,
  readonly,
  safeParse,
  strictObject,
  string,
} from "valibot";
import { healthSchema } from "./health-schema.js";
import { retentionSchema } from "./retention-schema.js";
import { scheduleSchema } from "./schedule-schema.js";

const text = exactOptional(string());

const schema = strictObject({
  store: text,
  db: text,
  namespace: text,
  repo: text,
  plugins: exactOptional(pipe(array(string()), readonly())),
  retention: exactOptional(retentionSchema),
  health: exactOptional(healthSchema),
  schedule: exactOptional(scheduleSchema),
});

export type ConfigValues = InferOutput<typeof schema>;

/** Throws NADB_INVALID_ARGUMENT that names the file and the field. */
export function checkConfig(file: string, value: unknown): ConfigValues {
  const checked = safeParse(schema, value, { abortEarly: true });
  if (checked.success && !Array.isArray(value)) return checked.output;
  throw invalidArgument(
    `${file}: ${checked.issues === undefined ? "a list is no object" : problem(checked.issues[0])}`,
    `its fields are ${Object.keys(schema.entries).join(", ")}: texts, plugins a list of texts, retention an object of rules, health one of limits, schedule one of jobs`,
  );
}

function problem(issue: BaseIssue<unknown>): string {
  const field = getDotPath(issue);
  if (field === null) return `${issue.received} is no object`;
  if (issue.expected === "never") return `the field ${quote(field)} is unknown`;
  return `the field ${quote(field)} is ${issue.received}, not ${issue.expected}`;
}
