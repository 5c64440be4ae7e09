// The test settings every package shares. Own code is tested from `src`; other packages of the
// workspace are loaded from their `dist`, by Node itself, as a user would load them.
import { fileURLToPath } from "node:url";
import { defineProject, type UserWorkspaceConfig } from "vitest/config";

/** @param isolate false: files share their modules, which saves loading them; none may mock any. */
export function project(configUrl: string, { isolate = true } = {}): UserWorkspaceConfig {
  const root = fileURLToPath(new URL(".", configUrl));
  return defineProject({
    root,
    resolve: { alias: [{ find: /^#(.+)$/, replacement: `${root}src/platform/$1.node.ts` }] },
    test: {
      include: ["test/**/*.test.ts"],
      pool: "forks",
      isolate,
      testTimeout: 30_000,
      hookTimeout: 30_000,
      // Imports of CommonJS behave as they will under Node, not as a bundler would have them.
      deps: { interopDefault: false },
      server: { deps: { external: [/\/(packages|apps)\/[^/]+\/dist\//] } },
    },
  });
}
