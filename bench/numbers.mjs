// Numbers as the tables print them.

export const whole = (number) => Math.round(number).toLocaleString("en-US");
export const percent = (ratio) => `${whole(ratio * 100)} %`;
export const size = (megabytes) => `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB`;
export const times = (ratio) => `${ratio.toFixed(2)} ×`;

export function duration(seconds) {
  if (seconds < 0.001) return `${(seconds * 1e6).toFixed(0)} µs`;
  if (seconds < 1) return `${(seconds * 1000).toFixed(seconds < 0.01 ? 2 : 0)} ms`;
  return `${seconds.toFixed(2)} s`;
}
