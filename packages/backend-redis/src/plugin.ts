// redis: URLs for programs that find backends by them. Behind "?" stand options of the backend.
import { type BackendPlugin, invalidArgument, quote, withoutPassword } from "@nadb/core";
import { type RedisBackendOptions, redisBackend } from "./redis-backend.js";

const NUMBERS = ["partitions", "retrySeconds", "scriptMutations"] as const;

export const redisPlugin: BackendPlugin = {
  name: "redis",
  schemes: [
    "redis",
    "rediss",
    "redis+sentinel",
    "rediss+sentinel",
    "redis+cluster",
    "rediss+cluster",
  ],
  open: (url, { clock, create }) =>
    redisBackend({
      url,
      ...optionsIn(url),
      ...(clock === undefined ? {} : { clock }),
      ...(create === undefined ? {} : { create }),
    }),
};

function optionsIn(url: string): Pick<RedisBackendOptions, "prefix" | "partitions"> {
  const mark = url.indexOf("?");
  const options: Partial<Record<(typeof NUMBERS)[number], number>> & { prefix?: string } = {};
  for (const [name, value] of new URLSearchParams(mark < 0 ? "" : url.slice(mark + 1))) {
    const number = NUMBERS.find((known) => known === name);
    if (number !== undefined) options[number] = Number(value);
    else if (name === "prefix") options.prefix = value;
    else {
      throw invalidArgument(
        `${quote(withoutPassword(url))} has an unknown option ${quote(name)}`,
        `known are prefix, ${NUMBERS.join(", ")}`,
      );
    }
  }
  return options;
}
