import { basename, dirname, join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import type { Finding } from './finding.ts';
import { fileModelName, folderModelName, slug } from './names/model-id.ts';
import type { Candidate } from './scan/candidates.ts';

/** What a candidate is called as long as nobody says otherwise. */
export function candidateName({ kind, path }: Pick<Candidate, 'kind' | 'path'>): string {
  return kind === 'file' || kind === 'unusable' ? fileModelName(path) : folderModelName(path);
}

/** The finding of a candidate that could not be looked into; `problem` stands behind its name. Not kept for the next start. */
export function rejectedFinding(candidate: Candidate, problem: string): Finding {
  const detail = `${basename(candidate.path)} ${problem}.`;
  const rejected = [{ id: slug(candidateName(candidate)), code: 'model_invalid', detail }];
  return { models: [], rejected, passing: true };
}

/** Clients see base names: where the server keeps its models is none of their business. */
export function reasonWithoutPaths(error: unknown, path: string): string {
  if (error instanceof ArmatureError) return error.message.replaceAll(join(dirname(path), '/'), '');
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected error';
  return `${basename(path)} cannot be read (${code}).`;
}
