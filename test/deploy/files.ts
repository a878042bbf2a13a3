import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, parseAllDocuments } from 'yaml';

export const root = fileURLToPath(new URL('../..', import.meta.url));

export const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');

/** What a YAML file holds; tests name the type they expect and check what they read of it. */
export const yamlOf = <T>(path: string): T => parse(textOf(path), { merge: true }) as T;

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly spec: unknown;
}

/** The manifests of a folder of deploy/kubernetes, in files that are no kustomizations. */
export function manifestsIn(folder: string): readonly Manifest[] {
  return manifestFiles(folder).flatMap((file) =>
    parseAllDocuments(textOf(join(folder, file))).map((document) => document.toJS() as Manifest),
  );
}

export function manifestFiles(folder: string): readonly string[] {
  const files = readdirSync(join(root, folder)).filter((file) => file.endsWith('.yaml'));
  return files.filter((file) => file !== 'kustomization.yaml');
}
