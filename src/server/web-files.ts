import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A file of the pages, as it is served. */
export interface WebFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly etag: string;
}

/** Beside this folder in the sources and in what they are built to. */
const folder = fileURLToPath(new URL('../web', import.meta.url));

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** The pages and what belongs to them, by their names. They are few and small: all are kept. */
export async function readWebFiles(): Promise<ReadonlyMap<string, WebFile>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in contentTypes);
  return new Map(await Promise.all(names.map(async (name) => [name, await readWebFile(name)] as const)));
}

async function readWebFile(name: string): Promise<WebFile> {
  const bytes = await readFile(join(folder, name));
  const etag = `"${createHash('sha256').update(bytes).digest('hex')}"`;
  return { bytes, contentType: contentTypes[extname(name)]!, etag };
}
