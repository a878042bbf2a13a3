import type { FastifyInstance } from 'fastify';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Dialect, Mount } from '../../../src/server/dialects/contract/dialect.ts';
import { dialects } from '../../../src/server/dialects/registry.ts';
import { type Application, openApplication } from '../application.ts';
import { atelier } from './atelier.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

const mounted = async (...further: Dialect[]): Promise<FastifyInstance> =>
  await application.rebuild({}, [...dialects, ...further]);
const withRoutes = (routes: Mount['routes']): Dialect => ({ ...atelier, mounts: [{ prefix: '/atelier', routes }] });

describe('a dialect', () => {
  test('changes nothing of the API description', async () => {
    const app = await mounted(atelier);
    expect((await app.inject('/openapi.json')).body).toBe((await application.app.inject('/openapi.json')).body);
  });

  test('may be spoken in several places, the longest prefix first', async () => {
    const other: Dialect = { ...atelier, id: 'other', mounts: [{ prefix: '/atelier/old', routes: () => {} }] };
    const inner: Dialect = {
      ...other,
      mounts: [...other.mounts, { prefix: '/elsewhere', routes: () => {} }],
      writeError: () => ({ status: 404, headers: { 'content-type': 'application/json' }, body: { other: true } }),
    };
    const app = await mounted(atelier, inner);
    for (const url of ['/atelier/old/x', '/atelier/old/%zz', '/elsewhere', '/elsewhere/%zz'])
      expect((await app.inject(url)).json()).toEqual({ other: true });
    expect((await app.inject('/atelier/older')).json()).toMatchObject({ wrong: { name: 'not_found' } });
  });

  test.each<readonly [string, readonly Dialect[], string]>([
    ['an id that is taken', [...dialects, { ...atelier, id: 'armature' }], 'Two dialects have the id "armature"'],
    ['an id that is none', [...dialects, { ...atelier, id: 'At Elier' }], 'cannot have the id "At Elier"'],
    [
      'a prefix that is taken',
      [...dialects, atelier, { ...atelier, id: 'other' }],
      'Two dialects have the prefix "/atelier"',
    ],
    [
      'a prefix with a slash at its end',
      [...dialects, { ...atelier, mounts: [{ prefix: '/atelier/', routes: () => {} }] }],
      'cannot have the prefix "/atelier/"',
    ],
    [
      'the place of our own',
      [...dialects, { ...atelier, mounts: [{ prefix: '', routes: () => {} }] }],
      'Two dialects have the prefix ""',
    ],
    ['none beside it that is spoken everywhere else', [atelier], 'No dialect is spoken where no other one is'],
  ])('with %s is no dialect', async (_, wrong, message) => {
    await expect(application.rebuild({}, wrong)).rejects.toThrow(message);
  });
});

describe('a route of a dialect', () => {
  test.each<readonly [string, Mount['routes'], string]>([
    [
      'says nothing of who may call it',
      (scope) => void scope.get('/x', () => 1),
      'GET /atelier/x of the dialect atelier',
    ],
    [
      'says nothing of it in a scope of its own',
      (scope) => void scope.register(async (inner) => void inner.get('/y', () => 1), { prefix: '/x' }),
      'GET /atelier/x/y of the dialect atelier does not say who may call it',
    ],
    [
      'answers preflights, which carry no key',
      (scope) => void scope.options('/x', { config: { access: 'read' } }, () => 1),
      'answers OPTIONS',
    ],
    [
      'answers all methods',
      (scope) => void scope.all('/x', { config: { access: 'read' } }, () => 1),
      'answers OPTIONS',
    ],
    [
      'is none, but a handler for what is not there',
      (scope) => void scope.setNotFoundHandler(() => 1),
      'nobody would be asked for a key',
    ],
    [
      'is none, but such a handler of a scope in it',
      (scope) => void scope.register(async (inner) => void inner.setNotFoundHandler(() => 1), { prefix: '/x' }),
      'nobody would be asked for a key',
    ],
  ])('that %s keeps the server from starting', async (_, routes, message) => {
    await expect(mounted(withRoutes(routes))).rejects.toThrow(message);
  });

  test('is guarded before any hook of its dialect runs', async () => {
    let ran = 0;
    const app = await application.rebuild(
      {
        settings: {
          ...application.parts.settings,
          access: { adminKey: 'a key', allowAnonymous: false, loopback: true },
        },
      },
      [
        ...dialects,
        withRoutes((scope) => {
          scope.addHook('onRequest', async () => void (ran += 1));
          scope.get('/x', { config: { access: 'read' } }, () => (ran += 1));
        }),
      ],
    );
    expect((await app.inject('/atelier/x')).statusCode).toBe(401);
    expect(ran).toBe(0);
  });

  test('that is public is for this machine, unless it says otherwise', async () => {
    const app = await mounted(
      withRoutes((scope) => {
        scope.get('/x', { config: { access: 'public' } }, () => 'x');
        scope.get('/page', { config: { access: 'public', reach: 'page' } }, () => 'x');
        scope.get('/all', { config: { access: 'public', reach: 'anybody' } }, () => 'x');
      }),
    );
    const opened = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' };
    const elsewhere = { host: 'evil.example', origin: 'https://evil.example' };
    const statuses = async (headers: Readonly<Record<string, string>>): Promise<readonly number[]> =>
      await Promise.all(
        ['x', 'page', 'all'].map(async (name) => (await app.inject({ url: `/atelier/${name}`, headers })).statusCode),
      );
    expect(await statuses({})).toEqual([200, 200, 200]);
    expect(await statuses(opened)).toEqual([403, 200, 200]);
    expect(await statuses(elsewhere)).toEqual([403, 403, 200]);
  });
});
