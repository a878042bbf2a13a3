import type { FastifyInstance } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { RouteContext } from './context.ts';
import { prefersHtml, varyByAccept } from '../http/prefers-html.ts';
import { sendWebFile, type WebFile, webFileOf } from '../pages/web-files.ts';
import { pageOf } from '../pages/web-pages.ts';

/** Pages for people, by their paths. They hold no data: their scripts ask the API for it, with the reader's key. */
const pages: Readonly<Record<string, string>> = {
  '/jobs': 'jobs.html',
  '/jobs/:id': 'job.html',
  '/batches/:id': 'batch.html',
  '/board': 'board.html',
  '/docs': 'docs.html',
};

/** The pages, and their scripts, styles and pictures under /assets. */
export function pageRoutes(app: FastifyInstance, { parts, webFiles: files }: RouteContext): void {
  const options = { config: { access: 'public', reach: 'page' }, schema: { hide: true } } as const;
  for (const [path, name] of Object.entries(pages)) {
    const page = whole(name, path);
    app.get(path, options, async (request, reply) => await sendWebFile(page, request, reply));
  }
  const start = whole('start.html', '/');
  app.get('/favicon.ico', options, async (request, reply) => await sendWebFile(fileOf('icon.svg'), request, reply));
  app.get<{ Params: { name: string } }>('/assets/:name', options, async (request, reply) => {
    return await sendWebFile(fileOf(request.params.name), request, reply);
  });
  // A signpost: a page for people, and for programs the addresses that they begin with.
  app.get('/', options, async (request, reply) => {
    varyByAccept(reply);
    if (prefersHtml(request)) return await sendWebFile(start, request, reply);
    return {
      name: 'Armature',
      version: parts.settings.version,
      openapi: '/openapi.json',
      models: '/v1/models',
      conditions: '/v1/conditions',
      generations: '/v1/generations',
    };
  });

  function whole(name: string, path: string): WebFile {
    const { text, ...kind } = pageOf(files, name, path.lastIndexOf('/') > 0 ? '../' : './', path.slice(1));
    return webFileOf(Buffer.from(text), kind);
  }

  /** What pages are made of: they themselves have addresses of their own. */
  function fileOf(name: string): WebFile {
    const file = name.endsWith('.html') ? undefined : files.get(name);
    if (file === undefined) throw new ArmatureError('not_found', `There is no file ${name.slice(0, 100)}.`);
    return file;
  }
}
