// How --repo names a repository: the path of a folder, or the URL of a store and, behind "#", the database and the namespace
// that the backups lie in, as in redis://host#backups/nightly.

import { resolve } from "node:path";
import { fsFolder } from "@nadb/backend-fs";
import { checkName, invalidArgument, quote, withoutPassword } from "@nadb/core";

const DEFAULT_DB = "backups";
const DEFAULT_NAMESPACE = "default";
/** One letter is a Windows drive. */
const URL = /^[a-z][a-z0-9+.-]+:/i;

export interface RepositoryUrl {
  /** Of the store. */
  readonly store: string;
  readonly db: string;
  readonly namespace: string;
}

/** Undefined for a path. Throws NADB_INVALID_ARGUMENT for what is neither. */
export function repositoryUrl(repo: string): RepositoryUrl | undefined {
  if (repo === "") throw noRepository(repo);
  if (!URL.test(repo)) return undefined;
  const mark = repo.lastIndexOf("#");
  if (mark >= 0 && repo.includes("@", mark)) throw mustBeEscaped();
  if (mark < 0) return { store: repo, db: DEFAULT_DB, namespace: DEFAULT_NAMESPACE };
  const [db = "", namespace = DEFAULT_NAMESPACE, ...more] = repo.slice(mark + 1).split("/");
  if (more.length > 0) throw noRepository(repo);
  checkName("database name", db);
  checkName("namespace", namespace);
  return { store: repo.slice(0, mark), db, namespace };
}

/** For programs in other folders: a path from the root. A password stays where it is. */
export function absoluteRepository({ repo, repoFolder = "." }: Repo): string {
  const url = repositoryUrl(repo);
  if (url === undefined) return resolve(repoFolder, repo);
  if (!url.store.startsWith("fs:")) return repo;
  return `fs:${fsFolder(url.store, repoFolder)}#${url.db}/${url.namespace}`;
}

/** As people are told it, with the folder that it is relative to when a config file said so. */
export function repositoryName({ repo, repoFolder }: Repo): string {
  const name = withoutPassword(repo);
  return repoFolder === undefined || repositoryUrl(repo) === undefined
    ? name
    : `${name} (in ${repoFolder})`;
}

interface Repo {
  readonly repo: string;
  readonly repoFolder?: string;
}

/** Nothing of it is told: what stands behind "#" is the tail of a password. */
const mustBeEscaped = (): Error =>
  invalidArgument(
    "the repository's URL has a # before its @: in a user or password that must be escaped",
    "write %23 for #",
  );

const noRepository = (repo: string): Error =>
  invalidArgument(
    `repository ${quote(withoutPassword(repo))} is neither a folder nor the URL of a store`,
    "write --repo ./backups, or --repo redis://host#backups/default",
  );
