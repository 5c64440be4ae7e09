// Numbers, times and texts as people read them, and documents as programs do. What leaves here holds no raw control
// character but the line ends of its layout.

const BYTE_UNITS = ["B", "kB", "MB", "GB", "TB", "PB"];

/** Decimal units: 1 kB is 1,000 bytes. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let size = bytes;
  while (size >= 999.5 && unit < BYTE_UNITS.length - 1) {
    size /= 1000;
    unit++;
  }
  return `${unit === 0 ? size : size.toPrecision(3)} ${BYTE_UNITS[unit]}`;
}

/** Whole numbers. Not by toLocaleString, whose first use takes as long as a small command. */
export const formatCount = (count: number): string =>
  String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** "1 record", "2,000 records". */
export const plural = (count: number, noun: string): string =>
  `${formatCount(count)} ${noun}${count === 1 ? "" : "s"}`;

export const formatTime = (ms: number): string => new Date(ms).toISOString();

/** The same instant as a number, and as the text that `--at` takes. */
export const instant = (time: number) => ({ time, timestamp: formatTime(time) });

export const secondsSince = (startMs: number): string =>
  `${((performance.now() - startMs) / 1000).toFixed(1)} s`;

/**
 * The text with its control characters spelled out (`\n`, `\u001b`), so that a key can neither break a line
 * nor steer the terminal.
 */
export function printable(text: string): string {
  return text.replace(/\p{Cc}/gu, (character) => {
    const escaped = JSON.stringify(character).slice(1, -1);
    return escaped === character ? `\\u00${character.charCodeAt(0).toString(16)}` : escaped;
  });
}

/** JSON leaves the later control characters (U+007F to U+009F) as they are; terminals obey some of them. */
export function toJson(document: unknown, indent?: number): string {
  return JSON.stringify(document, null, indent).replace(/[\u007f-\u009f]/g, printable);
}

/** Lines of a name and what it stands at, aligned. */
export function formatFields(fields: readonly (readonly [string, string])[]): string {
  const width = Math.max(...fields.map(([name]) => name.length));
  return fields.map(([name, value]) => `${name.padEnd(width)}  ${value}`).join("\n");
}

/** Rows of cells under a heading; the columns at `right` are aligned to the right. */
export function formatTable(
  rows: readonly (readonly string[])[],
  right: readonly number[] = [],
): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? "").length)),
  );
  const pad = (cell: string, column: number): string => {
    const width = widths[column] ?? 0;
    return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
  };
  return rows.map((row) => row.map(pad).join("  ").trimEnd()).join("\n");
}
