import { basename } from 'node:path';
import { nearestName } from '../../text/nearest-name.ts';
import { ArmatureError } from '../../errors.ts';
import { fileModelName, slug } from '../names/model-id.ts';
import type { CatalogEntry } from './catalog.ts';

/** What is to be pulled. */
export interface PullTarget {
  /** The model's id here, and its folder's name. */
  readonly id: string;
  readonly repo: string;
  readonly revision: string;
  /** One file of the repository instead of all that belongs to a model. */
  readonly file: string | null;
  readonly entry: CatalogEntry | null;
}

/**
 * Reads `ID` (of the catalog), `owner/name` or `owner/name:path`. A repository that the catalog knows is that entry, so
 * that its type is known. `unknown_model` for an id that is not in the catalog, `invalid_request` for what is neither.
 */
export function readTarget(text: string, catalog: readonly CatalogEntry[], revision?: string): PullTarget {
  const entry = catalog.find(({ id }) => id === text) ?? entryOf(text, catalog);
  if (entry !== undefined) {
    return { id: entry.id, repo: entry.repo, revision: revision ?? entry.revision, file: null, entry };
  }
  if (!text.includes('/')) throw unknown(text, catalog);
  const [, repo, file = null] = /^([\w.-]+\/[\w.-]+)(?::(.+))?$/.exec(text) ?? [];
  if (repo === undefined || !isInnerPath(repo) || (file !== null && !isInnerPath(file))) throw malformed(text);
  const id = slug(file === null ? basename(repo) : fileModelName(`${basename(repo)}/${basename(file)}`));
  return { id, repo, revision: revision ?? 'main', file, entry: null };
}

/** The only entry of a repository, or of one file of it. */
function entryOf(text: string, catalog: readonly CatalogEntry[]): CatalogEntry | undefined {
  const [repo, file] = text.split(':');
  const known = catalog.filter((entry) => entry.repo === repo);
  const fitting =
    file === undefined
      ? known
      : known.filter(({ files }) =>
          files?.filter((one) => one.path !== 'config.json').every((one) => one.path === file),
        );
  return fitting.length === 1 ? fitting[0] : undefined;
}

/** Whether a path of a repository stays inside the folder that it is written to. */
export function isInnerPath(path: string): boolean {
  const parts = path.split('/');
  return (
    !path.includes('\\') && parts.every((part) => part !== '' && part !== '.' && part !== '..') && !path.includes('\0')
  );
}

function unknown(text: string, catalog: readonly CatalogEntry[]): ArmatureError {
  const ids = catalog.map(({ id }) => id);
  const nearest = nearestName(text, ids);
  const hint = nearest === undefined ? '' : ` Did you mean ${nearest}?`;
  const detail =
    `There is no model "${text.slice(0, 100)}" in the catalog.${hint} \`armature models catalog\` lists it. A repository ` +
    'of the hub is written owner/name or owner/name:file.';
  return new ArmatureError('unknown_model', detail, { field: 'model', choices: ids });
}

function malformed(text: string): ArmatureError {
  const detail = `Expected an id of the catalog, owner/name or owner/name:file but received "${text.slice(0, 200)}".`;
  return new ArmatureError('invalid_request', detail, { field: 'model' });
}
