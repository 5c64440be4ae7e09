// The writes that workloads are made of, drawn by their number: lists of mutations as they are said and applied.

/** Whole numbers that look drawn, the same for the same write. */
export function draws(number) {
  let state = Math.imul(number + 1, 0x9e3779b1);
  return (below) => {
    state = Math.imul(state ^ (state >>> 15), 0x85ebca6b) + 0x6d2b79f5;
    return ((state ^ (state >>> 13)) >>> 0) % below;
  };
}

const put = (key, text, more = {}) => ({ put: key, text, times: 1, tags: [], ...more });

const tagsOf = (draw) => ["all", `group${draw(5)}`, `more${draw(3)}`].slice(0, draw(4));

export function drawSet(writer, number, draw) {
  const times = draw(8) === 0 ? 1 + draw(800) : 1 + draw(3);
  const expiry = draw(3) === 0 ? { expiresAt: number + 1_000_000_000 } : {};
  return [put(`${writer}${draw(300)}`, `${number} `, { times, tags: tagsOf(draw), ...expiry })];
}

export function drawBatch(writer, number, draw) {
  const keys = Array.from({ length: 20 }, (_, i) => `${writer}${draw(4)}:${i}`);
  const kind = draw(4);
  const both = (key, i) =>
    i % 2 === 0 ? put(key, `${number}`, { tags: ["batch"] }) : { delete: key };
  if (kind === 0) return keys.map((key) => ({ delete: key }));
  if (kind === 1) return keys.map(both);
  return keys.map((key) => put(key, `${number}`, { times: 1 + draw(50), tags: tagsOf(draw) }));
}

export function drawOverwrite(writer, number, draw) {
  const key = `${writer}${draw(25)}`;
  return [draw(2) === 0 ? { delete: key } : put(key, `${number}`, { tags: tagsOf(draw) })];
}

export const drawLarge = (writer, number, draw) => [
  put(`${writer}${draw(40)}`, `${number} of many `, { times: 1 + draw(1_500), tags: tagsOf(draw) }),
];

/** Much that expires at one instant soon, and a little that stays. */
export function drawExpiring(writer, number, draw) {
  const soon = (_, i) =>
    put(`${writer}${number % 50}:${i}`, "", { tags: ["soon"], expiresAt: number + 3 });
  return [
    ...Array.from({ length: 60 }, soon),
    put(`${writer}${draw(20)}`, `${number}`, { tags: ["stays"] }),
  ];
}
