import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { FastifyReply, FastifyRequest } from 'fastify';

/** A file of the pages, as it is served. */
export interface WebFile {
  readonly bytes: Buffer;
  readonly contentType: string;
  readonly etag: string;
  /** What a browser may load for it, and where it may be shown. */
  readonly policy: string;
}

/** Beside this folder in the sources and in what they are built to. */
const folder = fileURLToPath(new URL('../../web', import.meta.url));

/** What the page of the API is made with; its own files say where to begin and what to ask. */
const viewer = join(dirname(createRequire(import.meta.url).resolve('@fastify/swagger-ui')), 'static');
const viewerFiles = ['swagger-ui-bundle.js', 'swagger-ui.css'];

const contentTypes: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.svg': 'image/svg+xml',
};

/** A page loads and asks this server only, runs no script but its own files, and is shown in no other page. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' blob:",
  "connect-src 'self'",
  "form-action 'none'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** The style of the page of the API holds its arrows itself. */
const policies: Readonly<Record<string, string>> = { 'docs.html': policy.replace(' blob:', ' blob: data:') };

/** The pages and what belongs to them, by their names. They are few and small: all are kept. */
export async function readWebFiles(): Promise<ReadonlyMap<string, WebFile>> {
  const names = (await readdir(folder)).filter((name) => extname(name) in contentTypes);
  const paths = [...names.map((name) => join(folder, name)), ...viewerFiles.map((name) => join(viewer, name))];
  return new Map(await Promise.all(paths.map(readWebFile)));
}

async function readWebFile(path: string): Promise<readonly [name: string, file: WebFile]> {
  const name = basename(path);
  const kind = { contentType: contentTypes[extname(path)]!, policy: policies[name] ?? policy };
  return [name, webFileOf(await readFile(path), kind)];
}

export function webFileOf(bytes: Buffer, kind: Pick<WebFile, 'contentType' | 'policy'>): WebFile {
  return { bytes, ...kind, etag: `"${createHash('sha256').update(bytes).digest('hex')}"` };
}

/** Sends a file with what a browser may do with it; 304 to who has it. */
export async function sendWebFile(
  { bytes, contentType, etag, policy }: WebFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.headers({
    etag,
    // A browser asks each time, so that a page never runs with the scripts of another version.
    'cache-control': 'no-cache',
    'content-security-policy': policy,
    'referrer-policy': 'no-referrer',
  });
  if (request.headers['if-none-match'] === etag) return await reply.code(304).send();
  return await reply.type(contentType).send(bytes);
}
