import type { FastifyInstance } from 'fastify';
import { ArmatureError } from '../../errors.ts';
import type { RouteContext } from '../context.ts';
import { prefersHtml, varyByAccept } from '../prefers-html.ts';
import { sendWebFile, type WebFile } from '../web-files.ts';

/** Pages for people, by their paths. They hold no data: their scripts ask the API for it, with the reader's key. */
const pages: Readonly<Record<string, string>> = {
  '/jobs': 'jobs.html',
  '/jobs/:id': 'job.html',
  '/batches/:id': 'batch.html',
  '/board': 'board.html',
  '/docs': 'docs.html',
  '/favicon.ico': 'icon.svg',
};

/** The pages, and their scripts, styles and pictures under /assets. */
export function pageRoutes(app: FastifyInstance, { parts }: RouteContext, files: ReadonlyMap<string, WebFile>): void {
  const options = { config: { access: 'public' }, schema: { hide: true } } as const;
  for (const [path, name] of Object.entries(pages)) {
    app.get(path, options, async (request, reply) => await sendWebFile(fileOf(name), request, reply));
  }
  app.get<{ Params: { name: string } }>('/assets/:name', options, async (request, reply) => {
    return await sendWebFile(fileOf(request.params.name), request, reply);
  });
  // A signpost: a page for people, and for programs the addresses that they begin with.
  app.get('/', options, async (request, reply) => {
    varyByAccept(reply);
    if (prefersHtml(request)) return await sendWebFile(fileOf('start.html'), request, reply);
    return {
      name: 'Armature',
      version: parts.settings.version,
      openapi: '/openapi.json',
      models: '/v1/models',
      conditions: '/v1/conditions',
      generations: '/v1/generations',
    };
  });

  function fileOf(name: string): WebFile {
    const file = files.get(name);
    if (file === undefined) throw new ArmatureError('not_found', `There is no file ${name.slice(0, 100)}.`);
    return file;
  }
}
