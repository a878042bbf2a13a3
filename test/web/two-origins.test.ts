import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, finishJob, openApplication } from '../server/application.ts';
import { chromiumMissing, startChromium } from '../support/chromium.ts';

/** A name of somebody else's, which was pointed at this machine after its page was loaded (DNS rebinding). */
const rebound = 'evil.example';

const attacks = fileURLToPath(new URL('attacks.js', import.meta.url));

/** Calls a function of attacks.js in the page. */
async function call(page: Page, name: string, argument: unknown): Promise<unknown> {
  return await page.evaluate(`${name}(${JSON.stringify(argument)})`);
}

describe.skipIf(chromiumMissing !== null)(`a server without keys, in a browser ${chromiumMissing ?? ''}`, () => {
  let application: Application;
  let app: FastifyInstance;
  let port: number;
  let elsewhere: Server;
  let browser: Browser;
  let waiting: string;
  let done: string;

  const own = async (url: string) => (await app.inject(url)).json<Record<string, unknown>>();
  const jobs = async () => {
    const { data } = (await own('/v1/generations')) as { data: readonly { id: string; status: string }[] };
    return data.map(({ id, status }) => [id, status]);
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
    elsewhere = createServer((_, response) => {
      response.setHeader('content-type', 'text/html');
      response.end('<!doctype html><title>Elsewhere</title><body></body>');
    }).listen(0, '127.0.0.1');
    browser = await startChromium([rebound]);
  });
  afterAll(async () => {
    await browser?.close();
    elsewhere?.close();
    await application.close();
  });

  /** A page of somebody else's: another program's on this machine, a foreign site's, and one whose name was pointed here. */
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
  ];
  async function at(page: Page, address: string, base: string): Promise<string> {
    await page.goto(address);
    await page.addScriptTag({ path: attacks });
    return base;
  }

  it.each(strangers)('lets a page %s read, show, plant, cancel and delete nothing', async (_, open) => {
    const page = await browser.newPage();
    const before = await jobs();
    const base = await open(page);
    expect(await call(page, 'attack', { base, waiting, done })).toEqual({ read: [], shown: [] });
    expect(await jobs()).toEqual(before);
    expect(await own(`/v1/generations/${waiting}`)).toMatchObject({ status: 'queued' });
    expect((await own('/v1/batches'))['data']).toEqual([]);
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
