import { readdirSync } from 'node:fs';
import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Application, openApplication } from './application.ts';

let application: Application;
beforeAll(async () => (application = await openApplication()));
afterAll(async () => await application.close());

const names = readdirSync(new URL('../../src/web', import.meta.url));
const pages = [
  ['board.html', '/board'],
  ['job.html', '/jobs/gen_1'],
] as const;

async function get(url: string, headers: Record<string, string> = {}) {
  return await application.app.inject({ url, headers });
}

describe('pages', () => {
  test('are there for every file of HTML', () => {
    expect(names.filter((name) => name.endsWith('.html')).toSorted()).toEqual(pages.map(([name]) => name).toSorted());
  });

  test.each(pages)('%s says what a browser may do with it', async (_, path) => {
    const { statusCode, headers } = await get(path);
    expect(statusCode).toBe(200);
    expect(headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'x-content-type-options': 'nosniff',
      'referrer-policy': 'no-referrer',
      'cache-control': 'no-cache',
    });
    const policy = String(headers['content-security-policy']);
    expect(policy).toContain("default-src 'none'; script-src 'self'; style-src 'self'");
    expect(policy).not.toMatch(/unsafe|https?:|\*/);
  });

  test.each(pages)(
    '%s refers to nothing but files of this server, and holds no script or style itself',
    async (_, path) => {
      const { body } = await get(path);
      const addresses = [...body.matchAll(/(?:src|href)="([^"]*)"/g)].map(([, address]) => address!);
      const assets = addresses.filter((address) => address.includes('assets/'));
      expect(assets.length).toBeGreaterThan(2);
      expect(addresses.filter((address) => /^(?:\w+:|\/)/.test(address))).toEqual([]);
      for (const asset of assets) expect((await get(posix.join(posix.dirname(path), asset))).statusCode).toBe(200);
      expect(body.replaceAll(/<script[^>]*><\/script>/g, '')).not.toMatch(/<script|<style|\son\w+=|\sstyle=/);
    },
  );

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

  test.each(['/assets/tsconfig.json', '/assets/none.js', '/assets/..%2fapp.ts', '/assets/%2e%2e/job.html'])(
    'are all that is served: not %s',
    async (path) => {
      const response = await get(path);
      expect(response.statusCode).toBe(404);
      expect(response.json()).toMatchObject({ code: 'not_found' });
    },
  );

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
