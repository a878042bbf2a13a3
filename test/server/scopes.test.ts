import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Application, openApplication } from './application.ts';

let application: Application;
beforeAll(async () => {
  application = await openApplication();
});
afterAll(async () => await application.close());

test('every route declares who may call it', () => {
  const routes = [...application.app.routeAccess];
  expect(routes.length).toBeGreaterThan(20);
  expect(routes.filter(([, access]) => access === undefined).map(([route]) => route)).toEqual([]);
});

test('nobody needs a key for what tells about the service and for pages that hold no data, and for nothing else', () => {
  const open = [...application.app.routeAccess].filter(([, access]) => access === 'public').map(([route]) => route);
  expect(open.filter((route) => !route.startsWith('HEAD ')).toSorted()).toEqual(
    [
      'GET /',
      'GET /assets/:name',
      'GET /batches/:id',
      'GET /board',
      'GET /docs',
      'GET /favicon.ico',
      'GET /jobs',
      'GET /jobs/:id',
      'GET /livez',
      'GET /openapi.json',
      'GET /readyz',
    ].toSorted(),
  );
});

test('whatever changes or makes something needs more than read', () => {
  const changing = [...application.app.routeAccess].filter(([route]) => /^(POST|PUT|PATCH|DELETE) /.test(route));
  expect(changing.length).toBeGreaterThan(5);
  const more = changing.filter(
    ([, access]) => access === undefined || !['generate', 'train', 'admin'].includes(access),
  );
  // Signing an address makes nothing: it lends out what the key may read.
  expect(more).toEqual([['POST /v1/signed-urls', 'read']]);
});
