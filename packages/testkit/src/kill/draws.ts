// The writes that workloads are made of, drawn by their number: the same number draws the same.
import type { Change, Put } from "./lines.js";

/** Whole numbers below a bound. */
export type Draw = (below: number) => number;

/** The changes of one commit. */
export type DrawChanges = (prefix: string, number: number, draw: Draw) => readonly Change[];

export function draws(number: number): Draw {
  let state = Math.imul(number + 1, 0x9e3779b1);
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

const put = (key: string, text: string, more: Partial<Put> = {}): Put => ({
  put: key,
  text,
  times: 1,
  tags: [],
  ...more,
});

const tagsOf = (draw: Draw): string[] =>
  ["all", `group${draw(5)}`, `more${draw(3)}`].slice(0, draw(4));

export const drawSet: DrawChanges = (prefix, number, draw) => {
  const times = draw(8) === 0 ? 1 + draw(800) : 1 + draw(3);
  const expiry = draw(3) === 0 ? { expiresAt: number + 1_000_000_000 } : {};
  return [put(`${prefix}${draw(300)}`, `${number} `, { times, tags: tagsOf(draw), ...expiry })];
};

export const drawBatch: DrawChanges = (prefix, number, draw) => {
  const keys = Array.from({ length: 20 }, (_, i) => `${prefix}${draw(4)}:${i}`);
  const kind = draw(4);
  if (kind === 0) return keys.map((key) => ({ delete: key }));
  const tagged = (key: string): Put => put(key, `${number}`, { tags: ["batch"] });
  if (kind === 1) return keys.map((key, i) => (i % 2 === 0 ? tagged(key) : { delete: key }));
  return keys.map((key) => put(key, `${number}`, { times: 1 + draw(50), tags: tagsOf(draw) }));
};

export const drawOverwrite: DrawChanges = (prefix, number, draw) => {
  const key = `${prefix}${draw(25)}`;
  return [draw(2) === 0 ? { delete: key } : put(key, `${number}`, { tags: tagsOf(draw) })];
};

export const drawLarge: DrawChanges = (prefix, number, draw) => [
  put(`${prefix}${draw(40)}`, `${number} of many `, { times: 1 + draw(1_500), tags: tagsOf(draw) }),
];

/** Much that expires at one instant soon, and a little that stays. */
export const drawExpiring: DrawChanges = (prefix, number, draw) => {
  const soon = { tags: ["soon"], expiresAt: number + 3 };
  return [
    ...Array.from({ length: 60 }, (_, i) => put(`${prefix}${number % 50}:${i}`, "", soon)),
    put(`${prefix}${draw(20)}`, `${number}`, { tags: ["stays"] }),
  ];
};
