import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, finishJob, openApplication, pictureFile } from '../server/application.ts';
import { chromiumMissing, startChromium } from '../support/chromium.ts';

/** A name of somebody else's, which was pointed at this machine after its page was loaded (DNS rebinding). */
const rebound = 'evil.example';

/** Read from this machine's disk: its scripts have the origin `null`. */
const emptyPage = new URL('empty.html', import.meta.url).href;

const attacks = fileURLToPath(new URL('attacks.js', import.meta.url));

/** Calls a function of attacks.js in the page. */
async function call(page: Page, name: string, argument: unknown): Promise<unknown> {
  return await page.evaluate(`${name}(${JSON.stringify(argument)})`);
}

/** What the server's own description says that there is, by what may be done with it. */
interface Ways {
  readonly reads: readonly string[];
  readonly changes: readonly (readonly [string, string])[];
  readonly streams: readonly string[];
  readonly pictures: readonly string[];
}

describe.skipIf(chromiumMissing !== null)(`a server without keys, in a browser ${chromiumMissing ?? ''}`, () => {
  let application: Application;
  let app: FastifyInstance;
  let port: number;
  let elsewhere: Server;
  let browser: Browser;
  let waiting: string;
  let done: string;
  let batch: string;
  let upload: string;
  let ways: Ways;

  const own = async (url: string) => (await app.inject(url)).json<Record<string, unknown>>();
  const jobs = async () => {
    const { data } = (await own('/v1/generations')) as { data: readonly { id: string; status: string }[] };
    return data.map(({ id, status }) => [id, status]);
  };
  /** All that an attack could change; how long what waits will take is measured anew all the time. */
  const states = async () => {
    const paths = [
      '/v1/batches',
      `/v1/batches/${batch}`,
      `/v1/uploads/${upload}`,
      '/v1/keys',
      '/v1/webhook-deliveries',
    ];
    const text = JSON.stringify([await jobs(), await Promise.all(paths.map(own))]);
    return JSON.parse(text, (name, value: unknown) => (name === 'eta_s' ? undefined : value)) as unknown;
  };
  const portOf = (server: { address(): unknown }): number => (server.address() as AddressInfo).port;

  beforeAll(async () => {
    application = await openApplication();
    const { settings } = application.parts;
    app = await application.rebuild({ settings: { ...settings, corsOrigins: [] } });
    await app.listen({ host: '127.0.0.1', port: 0 });
    port = portOf(app.server);
    const submit = async (prompt: string) =>
      (await app.inject({ method: 'POST', url: '/v1/generations', payload: { prompt } })).json<{ id: string }>().id;
    done = await submit('of this machine');
    await finishJob(application, { id: done });
    waiting = await submit('waits');
    const payload = [{ prompt: 'in a batch' }];
    batch = (await app.inject({ method: 'POST', url: '/v1/batches', payload })).json<{ id: string }>().id;
    const headers = { 'content-type': 'image/png' };
    const picture = await pictureFile();
    upload = (await app.inject({ method: 'POST', url: '/v1/uploads', headers, payload: picture })).json<{
      id: string;
    }>().id;
    ways = waysOf((await own('/openapi.json'))['paths'] as Record<string, Record<string, unknown>>);
    elsewhere = createServer((request, response) => {
      response.setHeader('content-type', 'text/html');
      if (request.url === '/sandboxed')
        response.setHeader('content-security-policy', 'sandbox allow-scripts allow-forms allow-popups');
      response.end('<!doctype html><title>Elsewhere</title><body></body>');
    }).listen(0, '127.0.0.1');
    browser = await startChromium([rebound]);
  });
  afterAll(async () => {
    await browser?.close();
    elsewhere?.close();
    await application.close();
  });

  /** Every route of the description, for every thing that is there. */
  function waysOf(paths: Record<string, Record<string, unknown>>): Ways {
    const things: Record<string, readonly string[]> = {
      generations: [waiting, done],
      batches: [batch],
      uploads: [upload],
    };
    const routes = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).flatMap((method) =>
        (things[path.split('/')[2] ?? ''] ?? ['key_0123456789AB']).map((id): readonly [string, string] => [
          method.toUpperCase(),
          path.replace('{id}', id).replace('{index}', '0').replace('{type}', 'canny'),
        ]),
      ),
    );
    const unique = [...new Map(routes.map((route) => [route.join(' '), route])).values()];
    const reads = unique.flatMap(([method, path]) => (method === 'GET' ? [path] : []));
    const streams = reads.filter((path) => path.endsWith('/events'));
    return {
      reads: [...reads.filter((path) => !streams.includes(path)), '/openapi.json', '/metrics'],
      changes: unique.filter(([method]) => method !== 'GET'),
      streams,
      pictures: reads.filter((path) => /outputs|maps|sources|sheet/.test(path)),
    };
  }

  /** A page of somebody else's: another program's on this machine, a foreign site's, one whose name was pointed here, and two that have no origin. */
  const strangers: readonly (readonly [string, (page: Page) => Promise<string>])[] = [
    [
      'of another port',
      async (page) => await at(page, `http://127.0.0.1:${portOf(elsewhere)}/`, `http://127.0.0.1:${port}`),
    ],
    [
      'of another name',
      async (page) => await at(page, `http://${rebound}:${portOf(elsewhere)}/`, `http://localhost:${port}`),
    ],
    [
      'whose name was pointed here',
      async (page) => {
        const base = `http://${rebound}:${port}`;
        await page.route(`${base}/`, async (route) => {
          await route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Rebound</title><body></body>' });
        });
        return await at(page, `${base}/`, base);
      },
    ],
    ['that was opened from a file', async (page) => await at(page, emptyPage, `http://127.0.0.1:${port}`)],
    [
      'that was given no origin',
      async (page) => await at(page, `http://127.0.0.1:${portOf(elsewhere)}/sandboxed`, `http://127.0.0.1:${port}`),
    ],
  ];
  async function at(page: Page, address: string, base: string): Promise<string> {
    await page.goto(address);
    await page.addScriptTag({ path: attacks });
    return base;
  }

  it.each(strangers)('lets a page %s read, show, plant, cancel and delete nothing', async (_, open) => {
    const page = await browser.newPage();
    const before = await states();
    const base = await open(page);
    expect(await call(page, 'attack', { base, ...ways })).toEqual({ read: [], shown: [] });
    expect(await states()).toEqual(before);
    expect(await own(`/v1/generations/${waiting}`)).toMatchObject({ status: 'queued' });
    expect((await own('/v1/keys'))['data']).toEqual([]);
    await page.close();
  });

  it.each(strangers)('is shown in no frame of a page %s', async (_, open) => {
    const page = await browser.newPage();
    const base = await open(page);
    for (const path of ['/board', `/jobs/${done}`, `/v1/generations/${done}/outputs/0`, '/v1/generations']) {
      await call(page, 'showInFrame', base + path);
      const shown = (): unknown =>
        page
          .frames()
          .find((one) => one !== page.mainFrame())
          ?.url();
      await expect.poll(shown, { message: path }).toBe('chrome-error://chromewebdata/');
    }
    await page.close();
  });

  it('opens its own pages, by a link of a foreign page as well, and they show and change what is there', async () => {
    const page = await browser.newPage();
    const errors: string[] = [];
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text());
    });
    await at(page, `http://${rebound}:${portOf(elsewhere)}/`, '');
    await call(page, 'follow', `http://127.0.0.1:${port}/jobs/${done}`);
    await page.waitForURL(/\/jobs\//);
    const picture = page.locator('main img').first();
    await picture.waitFor();
    await expect.poll(async () => await page.evaluate(`document.querySelector('main img').naturalWidth`)).toBe(32);
    await page.goto(`http://localhost:${port}/board`);
    await page.locator('main:not([aria-busy="true"])').waitFor();
    expect(await page.evaluate(async (path) => (await fetch(path)).status, `/v1/generations/${done}`)).toBe(200);
    const submit = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"prompt": "own"}' };
    const status = async (init: RequestInit) =>
      await page.evaluate(async (given) => (await fetch('/v1/generations', given)).status, init);
    expect(await status(submit)).toBe(202);
    expect(errors).toEqual([]);
    await page.close();
  });
});
