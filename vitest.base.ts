// The test settings every package shares. Own code is tested from `src`; other packages of the
// workspace are loaded from their `dist`, by Node itself, as a user would load them.
import { fileURLToPath } from "node:url";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";

interface ProjectOptions {
  /** False: files share their modules, which saves loading them; none may mock any. Default true. */
  readonly isolate?: boolean;
  /** Default all tests of the package. */
  readonly include?: string;
  readonly exclude?: string;
  /** Default the package's. */
  readonly name?: string;
}

export function project(configUrl: string, options: ProjectOptions = {}): UserWorkspaceConfig {
  const root = fileURLToPath(new URL(".", configUrl));
  const { isolate = true, include = "test/**/*.test.ts", exclude, name } = options;
  return defineProject({
    root,
    resolve: { alias: [{ find: /^#(.+)$/, replacement: `${root}src/platform/$1.node.ts` }] },
    test: {
      ...(name === undefined ? {} : { name }),
      include: [include],
      exclude: ["**/node_modules/**", ...(exclude === undefined ? [] : [exclude])],
      pool: "forks",
      isolate,
      testTimeout: 90_000,
      hookTimeout: 90_000,
      // Imports of CommonJS behave as they will under Node, not as a bundler would have them.
      deps: { interopDefault: false },
      server: { deps: { external: [/\/(packages|apps)\/[^/]+\/dist\//] } },
    },
  });
}
