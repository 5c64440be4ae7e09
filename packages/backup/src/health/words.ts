// Spans of time as people read them.

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

/** In the largest unit of which there are at least two: "3 d", "26 h", "90 s". */
export function spanInWords(seconds: number): string {
  const [size, unit] = UNITS.find(([size]) => seconds >= 2 * size) ?? [1, "s"];
  const count = Math.floor((seconds / size) * 10) / 10;
  return `${count} ${unit}`;
}

export const agoInWords = (seconds: number): string => `${spanInWords(seconds)} ago`;

export const counted = (count: number, noun: string): string =>
  `${count} ${noun}${count === 1 ? "" : "s"}`;
