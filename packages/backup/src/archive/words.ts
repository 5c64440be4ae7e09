// Spans of time and levels of a policy in words, as people are told them.

interface Span {
  readonly everySeconds: number;
  readonly forSeconds: number;
}

const UNITS: readonly (readonly [number, string])[] = [
  [86_400, "day"],
  [3_600, "hour"],
  [60, "minute"],
  [1, "second"],
];

/** "1 second", "5 minutes". */
export function inWords(seconds: number): string {
  const [size, name] = UNITS.find(([unit]) => seconds % unit === 0) ?? [1, "second"];
  return `${seconds / size} ${name}${seconds === size ? "" : "s"}`;
}

/** "the state at every full 5 minutes". */
export const stateAtEvery = (seconds: number): string =>
  `the state at every full ${inWords(seconds).replace(/^1 /, "")}`;

/** "the state at every full minute for 1 day". */
export const levelInWords = ({ everySeconds, forSeconds }: Span): string =>
  `${stateAtEvery(everySeconds)} for ${inWords(forSeconds)}`;
