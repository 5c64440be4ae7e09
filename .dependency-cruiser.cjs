// Who may import whom (the law of ARCHITECTURE.md), held by `npm run lint layers`.
//
//   core       nothing of ours
//   backend-*  core, and the one driver it is named for
//   backup     core
//   testkit    core, backup
//   cli        all of them; nobody imports cli
//
// A package is imported by its name and lands in its dist/index; any other path into it is refused.

const PACKAGES = "^(packages|apps)/";
const PUBLIC_ENTRY = "/dist/index\\.[a-z.]+$";
const TEST_SERVERS = "^packages/backend-redis/test/servers/index\\.ts$";
const NPM = "(^|/)node_modules/";
const npmPackages = (...names) => `(^|/)node_modules/(${names.join("|")})(/|$)`;

/** `folder` may import its own files and the public entries of `allowed`, of our packages no other. */
const ours = (folder, ...allowed) => ({
  name: `${folder.replace("[^/]+", "*")}-layer`,
  comment: `It may import of ours: ${allowed.join(", ") || "nothing"}.`,
  severity: "error",
  from: { path: `^packages/(${folder})/src/` },
  to: {
    path: PACKAGES,
    pathNot: ["^packages/$1/", ...allowed.map((name) => `^packages/${name}${PUBLIC_ENTRY}`)],
  },
});

/** Of npm, the source of `folder` may import `allowed` only. */
const drivers = (folder, ...allowed) => ({
  name: `${folder}-npm`,
  comment: `It may import of npm: ${allowed.join(", ")}.`,
  severity: "error",
  from: { path: `^packages/${folder}/src/` },
  to: { path: NPM, pathNot: npmPackages(...allowed) },
});

/** What a bundle includes, and what is a tool here and a dependency there, is `allowed`. */
const noTest = (folder, ...allowed) => ({
  name: "no-test-in-src",
  comment: "Product code imports neither tests nor tools.",
  severity: "error",
  from: { path: `^${folder}/src/` },
  to: {
    dependencyTypes: ["npm-dev", "local"],
    path: ["/test/", NPM],
    pathNot: npmPackages(...allowed),
  },
});

module.exports = {
  forbidden: [
    ours("core"),
    ours("backend-[^/]+", "core"),
    ours("backup", "core"),
    ours("testkit", "core", "backup"),
    drivers("core", "sorted-btree", "@noble/hashes", "fflate"),
    drivers("backend-fs", "lmdb"),
    drivers("backend-redis", "ioredis"),
    drivers("backup", "fflate", "fzstd", "croner"),
    drivers("testkit", "fast-check"),
    {
      name: "public-entry",
      comment:
        "Import another package by its name, never by a path into its src or dist. Tests may start Redis servers.",
      severity: "error",
      from: { path: "^((?:packages|apps)/[^/]+)/" },
      to: { path: PACKAGES, pathNot: ["^$1/", PUBLIC_ENTRY, TEST_SERVERS] },
    },
    {
      name: "nobody-imports-cli",
      severity: "error",
      from: { pathNot: "^apps/cli/" },
      to: { path: "^apps/cli/" },
    },
    {
      name: "cli-library",
      comment: "What programs import of the cli loads nothing of the command line.",
      severity: "error",
      from: { path: "^apps/cli/src/index\\.ts$" },
      to: { path: npmPackages("commander", "@clack", "picocolors"), reachable: true },
    },
    {
      name: "portable",
      comment: "core and backup touch Node only in files called *.node.ts.",
      severity: "error",
      from: { path: "^packages/(core|backup)/src/", pathNot: "\\.node\\.ts$" },
      to: { dependencyTypes: ["core"] },
    },
    noTest(
      "(?!packages/testkit/)(packages|apps)/[^/]+",
      "@noble/hashes",
      "fflate",
      "fzstd",
      "croner",
    ),
    noTest("packages/testkit", "fast-check"),
    { name: "no-circular", severity: "error", from: {}, to: { circular: true } },
    { name: "resolvable", severity: "error", from: {}, to: { couldNotResolve: true } },
    {
      name: "listed",
      comment: "What is imported is listed in a package.json.",
      severity: "error",
      from: {},
      to: { dependencyTypes: ["npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    combinedDependencies: true,
    doNotFollow: { path: ["node_modules", "/dist/"] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["import", "node", "default", "types"],
      mainFields: ["module", "main", "types"],
    },
  },
};
