import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, openApplication } from './application.ts';

let application: Application;
beforeAll(async () => (application = await openApplication()));
afterAll(async () => await application.close());

const names = readdirSync(new URL('../../src/web', import.meta.url));
const pages = [
  ['batch.html', '/batches/bat_1'],
  ['board.html', '/board'],
  ['docs.html', '/docs'],
  ['job.html', '/jobs/gen_1'],
  ['jobs.html', '/jobs'],
  ['start.html', '/'],
] as const;

/** What Chromium asks for when its user goes to an address. */
const browser = {
  accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8',
};

async function get(url: string, headers: Record<string, string> = {}) {
  return await application.app.inject({ url, headers });
}

describe('pages', () => {
  test('are there for every file of HTML', () => {
    const found = names.filter((name) => name.endsWith('.html'));
    expect(found.toSorted()).toEqual([...pages.map(([name]) => name), 'missing.html', 'frame.html'].toSorted());
  });

  test.each(pages)('%s says what a browser may do with it', async (_, path) => {
    const { statusCode, headers } = await get(path, browser);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const policy = String(headers['content-security-policy']);
    const pictures = path === '/docs' ? "'self' blob: data:" : "'self' blob:";
    expect(policy).toContain(
      `default-src 'none'; script-src 'self'; style-src 'self'; img-src ${pictures}; connect-src 'self'`,
    );
    expect(policy).toContain("form-action 'none'; base-uri 'none'; frame-ancestors 'none'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  test.each(pages)(
    '%s refers to nothing but files of this server, and holds no script or style itself',
    async (_, path) => {
      const { body } = await get(path, browser);
      const addresses = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
      const assets = addresses.filter((address) => address.includes('assets/'));
      expect(assets.length).toBeGreaterThan(2);
      expect(addresses.filter((address) => /^(?:\w+:|\/)/.test(address))).toEqual([]);
      for (const asset of assets) expect((await get(posix.join(posix.dirname(path), asset))).statusCode).toBe(200);
      expect(body.replaceAll(/<script[^>]*><\/script>/g, '')).not.toMatch(/<script|<style|\son\w+=|\sstyle=/);
    },
  );

  test.each(pages)('%s is whole, and says where it is', async (_, path) => {
    const { body } = await get(path, browser);
    expect(body).not.toMatch(/\{\w+\}/);
    for (const one of ['<!doctype html>', '<title>', '<main id="main"', '</html>'])
      expect(body.split(one)).toHaveLength(2);
    expect(body.match(/<a href="\.\/(\w+)" aria-current="page">/)?.[1]).toBe(
      ['/jobs', '/board', '/docs'].find((place) => place === path)?.slice(1),
    );
    expect(body.includes('<noscript')).toBe(body.includes('aria-busy'));
  });

  test('load scripts that import only each other', async () => {
    for (const name of names.filter((one) => one.endsWith('.js'))) {
      const { body, headers } = await get(`/assets/${name}`);
      expect(headers['content-type']).toBe('text/javascript; charset=utf-8');
      const imported = [...body.matchAll(/^import .* from '([^']+)';$/gm)].map(([, from]) => from!.replace('./', ''));
      expect(names, name).toEqual(expect.arrayContaining(imported));
      expect(body, name).not.toMatch(/innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function/);
    }
  });

  test('are not sent again to who has them', async () => {
    const first = await get('/assets/style.css');
    const again = await get('/assets/style.css', { 'if-none-match': String(first.headers.etag) });
    expect([again.statusCode, again.body]).toEqual([304, '']);
  });

  test.each([
    '/assets/tsconfig.json',
    '/assets/job.html',
    '/assets/none.js',
    '/assets/..%2fapp.ts',
    '/assets/%2e%2e/job.html',
  ])('are all that is served: not %s', async (path) => {
    const response = await get(path);
    expect(response.statusCode).toBe(404);
    expect(response.json()).toMatchObject({ code: 'not_found' });
  });

  test.each([
    ['a browser', browser.accept, 'text/html; charset=utf-8'],
    ['curl', '*/*', 'application/json; charset=utf-8'],
    ['a program', 'application/json', 'application/json; charset=utf-8'],
    ['one that would rather have JSON', 'text/html;q=0.5, application/json', 'application/json; charset=utf-8'],
    ['one that takes HTML only', 'text/html', 'text/html; charset=utf-8'],
  ])('begin at the root for %s as it likes', async (_, accept, type) => {
    const { headers, body } = await get('/', { accept });
    expect(headers['content-type']).toBe(type);
    expect(headers['vary']).toMatch(/\bAccept\b/);
    if (type.startsWith('application/json'))
      expect(JSON.parse(body)).toEqual({
        name: 'Armature',
        version: '0.0.0',
        openapi: '/openapi.json',
        models: '/v1/models',
        conditions: '/v1/conditions',
        generations: '/v1/generations',
      });
    else for (const link of ['./jobs', './board', './docs']) expect(body).toContain(`href="${link}"`);
  });

  test.each(['/nothing', '/v1/nothing', '/v1/generations/a/b/c', '/jobs/a/b'])(
    'tell a browser that there is nothing at %s, and a program with a problem',
    async (path) => {
      const page = await get(path, browser);
      expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
      expect(page.body).toContain('<h1>There is nothing at this address</h1>');
      expect(page.body).toContain('href="/assets/style.css"');
      expect(page.headers['content-security-policy']).toContain("default-src 'none'; script-src 'self'");
      for (const headers of [{}, { accept: '*/*' }, { accept: 'application/json' }] as Record<string, string>[]) {
        const problem = await get(path, headers);
        expect([problem.statusCode, problem.headers['content-type']]).toEqual([
          404,
          'application/problem+json; charset=utf-8',
        ]);
      }
      const posted = await application.app.inject({ method: 'POST', url: path, headers: browser });
      expect(posted.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    },
  );

  test('link to where the server is, behind a path too', async () => {
    const { settings } = application.parts;
    const app = await application.rebuild({ settings: { ...settings, publicUrl: 'https://example.com/draw' } });
    const { body } = await app.inject({ url: '/nothing', headers: browser });
    expect(body).toContain('href="/draw/assets/style.css"');
  });

  test('have an icon where browsers look for it', async () => {
    const { statusCode, headers, body } = await get('/favicon.ico');
    expect([statusCode, headers['content-type']]).toEqual([200, 'image/svg+xml']);
    expect(body).toContain('<svg');
  });

  test('show the API with what is installed here', async () => {
    for (const name of ['swagger-ui-bundle.js', 'swagger-ui.css'])
      expect((await get(`/assets/${name}`)).statusCode).toBe(200);
  });

  test('are where jobs say', async () => {
    const submitted = await application.app.inject({
      method: 'POST',
      url: '/v1/generations',
      payload: { prompt: 'x' },
    });
    const { page_url: page } = submitted.json<{ page_url: string }>();
    expect((await get(page)).body).toContain('<title>Job · Armature</title>');
  });
});
