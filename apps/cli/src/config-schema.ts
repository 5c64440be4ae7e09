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
  if (checked.issues === undefined) throw invalidArgument(`${file}: a list is no object`, HINT);
  const { field, what } = problem(checked.issues[0]);
  throw invalidArgument(`${file}: ${what}`, hintFor(field));
}

const HINT = `its fields are ${Object.keys(schema.entries).join(", ")}: texts, plugins a list of texts, retention an object of rules, health one of limits, schedule one of jobs`;

function hintFor(field: string): string {
  const above = field.split(".").slice(0, -1);
  const entries = above.length === 0 ? undefined : entriesAt(schema, above);
  if (entries === undefined) return HINT;
  return `the fields of ${quote(above.join("."))} are ${Object.keys(entries).join(", ")}`;
}

interface AnySchema {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly wrapped?: unknown;
  readonly options?: readonly unknown[];
}

/** What may stand in the object that a path leads to; undefined where none is. */
function entriesAt(any: unknown, path: readonly string[]): AnySchema["entries"] {
  const { entries, wrapped, options = [] }: AnySchema = Object(any);
  if (wrapped !== undefined) return entriesAt(wrapped, path);
  if (entries === undefined)
    return options.map((one) => entriesAt(one, path)).find((one) => one !== undefined);
  const [name, ...more] = path;
  return name === undefined ? entries : entriesAt(entries[name], more);
}

/** Of a field that may be one of several: what is wrong with the one that it comes nearest to. @param above names where it stands. */
function problem(issue: BaseIssue<unknown>, above = ""): { field: string; what: string } {
  const own = getDotPath(issue);
  const field = [above, own ?? ""].filter((name) => name !== "").join(".");
  const inside = issue.issues?.find(({ path }) => path !== undefined);
  if (inside !== undefined) return problem(inside, field);
  return { field, what: whatIsWrong(issue, field) };
}

function whatIsWrong(issue: BaseIssue<unknown>, field: string): string {
  if (field === "") return `${issue.received} is no object`;
  if (issue.expected === "never") return `the field ${quote(field)} is unknown`;
  if (issue.received === "undefined") return `the field ${quote(field)} is missing`;
  return `the field ${quote(field)} is ${issue.received}, not ${issue.expected}`;
}
