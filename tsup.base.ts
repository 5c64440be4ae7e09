// How every package is bundled. A library is built as ESM and CommonJS with types for both; what it
// lists under `dependencies` stays an import, what it lists under `devDependencies` is bundled.
import { readdirSync } from "node:fs";
import type { Options } from "tsup";

type Plugin = NonNullable<Options["esbuildPlugins"]>[number];

const shared = {
  clean: true,
  platform: "node",
  target: "node20",
  sourcemap: true,
  silent: true,
} satisfies Options;

/** Options for a library: `src/index.ts` and, where there is one, each file of `src/platform/`. */
export function library(options: Options = {}): Options {
  return {
    ...shared,
    entry: { index: "src/index.ts", ...platformEntries() },
    format: ["esm", "cjs"],
    // tsup passes `baseUrl` to the declaration build, which TypeScript 6 calls deprecated.
    dts: { entry: { index: "src/index.ts" }, compilerOptions: { ignoreDeprecations: "6.0" } },
    esbuildPlugins: [platformImports],
    ...options,
  };
}

/** Options for a command: ESM only, no types, the `#!` line of an entry is kept. */
export function command(...entry: string[]): Options {
  return { ...shared, entry, format: ["esm"], dts: false };
}

// `#name` is chosen when the program runs, by the `imports` map of package.json. Not done by tsup's
// `external`, which would leave `#name` in the declarations, too; there the types belong inline.
const platformImports: Plugin = {
  name: "platform-imports",
  setup(build) {
    build.onResolve({ filter: /^#/ }, ({ path }) => ({ path, external: true }));
  },
};

function platformEntries(): Record<string, string> {
  const files = readPlatformFolder().filter((file) => file.endsWith(".ts"));
  return Object.fromEntries(
    files.map((file) => [`platform/${file.slice(0, -".ts".length)}`, `src/platform/${file}`]),
  );
}

function readPlatformFolder(): string[] {
  try {
    return readdirSync("src/platform");
  } catch {
    return []; // most packages have no platform part
  }
}
