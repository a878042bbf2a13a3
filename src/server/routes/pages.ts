import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import { readWebFiles, type WebFile } from '../web-files.ts';

/** Pages for people, by their paths. They hold no data: their scripts ask the API for it, with the reader's key. */
const pages: Readonly<Record<string, string>> = { '/jobs/:id': 'job.html', '/board': 'board.html' };

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

/** The pages, and their scripts, styles and pictures under /assets. */
export async function pageRoutes(app: FastifyInstance): Promise<void> {
  const files = await readWebFiles();
  const options = { config: { access: 'public' }, schema: { hide: true } } as const;
  for (const [path, name] of Object.entries(pages)) {
    app.get(path, options, async (request, reply) => await send(fileOf(name), request, reply));
  }
  app.get<{ Params: { name: string } }>('/assets/:name', options, async (request, reply) => {
    return await send(fileOf(request.params.name), request, reply);
  });

  function fileOf(name: string): WebFile {
    const file = files.get(name);
    if (file === undefined) throw new ArmatureError('not_found', `There is no file ${name.slice(0, 100)}.`);
    return file;
  }
}

async function send(
  { bytes, contentType, etag }: WebFile,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  reply.headers({
    etag,
    // A browser asks each time, so that a page never runs with the scripts of another version.
    'cache-control': 'no-cache',
    'content-security-policy': policy,
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
  });
  if (request.headers['if-none-match'] === etag) return await reply.code(304).send();
  return await reply.type(contentType).send(bytes);
}
