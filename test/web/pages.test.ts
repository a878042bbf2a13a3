import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Browser, Page } from 'playwright-core';
import { create as createTar } from 'tar';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodePicture } from '../../src/images/decode.ts';
import { chromiumMissing, startChromium } from '../support/chromium.ts';
import { inlinePicture, type JobView, root, Service } from '../support/service.ts';
import { writePairs } from '../training/small-training.ts';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const photo = readFileSync(new URL('examples/photo.jpg', root));

/** A job that is not done before the test is. */
const long = { prompt: 'a slow cube', steps: 150, count: 8 };

describe.skipIf(chromiumMissing !== null)(`pages in a browser${chromiumMissing ?? ''}`, () => {
  let service: Service;
  let browser: Browser;
  let drawn: JobView;
  let batch: string;
  let training: string;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    [service, browser] = await Promise.all([Service.start(), startChromium()]);
    const control = { type: 'canny', image: inlinePicture(photo) };
    drawn = await service.draw({ prompt: 'a red cube', steps: 2, count: 2, controls: [control] });
    await made('/v1/conditions/canny', { image: inlinePicture(photo) });
    batch = (
      await made('/v1/batches', {
        name: 'Seeds',
        items: [
          { prompt: 'a cone', steps: 1 },
          { prompt: 'a ball', steps: 1 },
        ],
      })
    ).id;
    training = await trained();
    page = await browser.newPage();
    page.on('console', (message) => message.type() === 'error' && complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
  });
  afterAll(async () => {
    await browser.close();
    await service.stop();
  });

  async function made(path: string, body: object): Promise<{ readonly id: string }> {
    const headers = { 'content-type': 'application/json', prefer: 'wait=60' };
    const response = await service.fetch(path, { method: 'POST', headers, body: JSON.stringify(body) });
    expect(response.ok).toBe(true);
    return (await response.json()) as { readonly id: string };
  }

  /** A training that shows what it learns. */
  async function trained(): Promise<string> {
    const folder = await mkdtemp(join(tmpdir(), 'armature-pairs-'));
    await createTar({ file: join(folder, 'pairs.tar'), cwd: await writePairs(join(folder, 'pairs')) }, ['.']);
    const begun = await service.fetch('/v1/uploads?kind=set', { method: 'POST' });
    const { id: set } = (await begun.json()) as { readonly id: string };
    const body = await readFile(join(folder, 'pairs.tar'));
    expect((await service.fetch(`/v1/uploads/${set}`, { method: 'PUT', body })).status).toBe(200);
    await rm(folder, { recursive: true });
    const validation = { every: 2, maps: 2, prompts: ['a square'] };
    const settings = { kind: 'controlnet', condition: 'my-squares', steps: 4, resolution: [64, 64], validation };
    const { id } = await made('/v1/trainings', { ...settings, validation_split: 0.4, data: { upload_id: set } });
    expect((await service.fetch(`/v1/trainings/${id}/files/0`)).status).toBe(200);
    return id;
  }

  /** Goes to a page and waits for what its script shows. */
  async function show(path: string, on = page): Promise<void> {
    await on.goto(service.address + path);
    await on.waitForSelector('main:not([aria-busy])');
    if (path === '/docs') await on.waitForSelector('.opblock-tag');
  }

  /** Each page has nothing that axe finds fault with, and fits the width of the window. */
  async function expectNoFaults(paths: readonly string[], on: Page): Promise<void> {
    for (const path of paths) {
      await show(path, on);
      await on.evaluate(axe);
      const { violations } = await on.evaluate<{ violations: { id: string }[] }>('axe.run()');
      expect([path, violations.map(({ id }) => id)]).toEqual([path, []]);
      expect(await on.evaluate('document.documentElement.scrollWidth <= innerWidth'), path).toBe(true);
    }
  }

  test.each([
    [1280, 'light'],
    [1280, 'dark'],
    [390, 'light'],
    [390, 'dark'],
  ] as const)('have nothing that axe finds fault with, and fit, at %i px in the %s', async (width, colorScheme) => {
    const context = await browser.newContext({ viewport: { width, height: 800 }, colorScheme });
    const other = await context.newPage();
    const paths = [
      '/',
      '/jobs',
      `/jobs/${drawn.id}`,
      `/jobs/${training}`,
      `/batches/${batch}`,
      '/board',
      '/docs',
      '/nothing',
      '/jobs/none',
    ];
    await expectNoFaults(paths, other);
    await context.close();
  });

  test.each(['light', 'dark'] as const)(
    'have nothing that axe finds fault with while they show what is being drawn, in the %s',
    async (colorScheme) => {
      const context = await browser.newContext({ viewport: { width: 390, height: 800 }, colorScheme });
      const { id } = await service.submit(long);
      const drawing = (await made('/v1/batches', { items: [long, long] })).id;
      await expectNoFaults([`/jobs/${id}`, `/batches/${drawing}`, '/jobs', '/board'], await context.newPage());
      await context.close();
      // What a slow browser has let come to its end has nothing left to cancel.
      for (const path of [`generations/${id}`, `batches/${drawing}`])
        expect([200, 202, 409]).toContain((await service.fetch(`/v1/${path}/cancel`, { method: 'POST' })).status);
    },
  );

  test('run without a complaint of the browser', async () => {
    for (const path of ['/', '/jobs', `/jobs/${drawn.id}`, `/jobs/${training}`, `/batches/${batch}`, '/board', '/docs'])
      await show(path);
    expect(complaints).toEqual([]);
  });

  test('of the start give commands that work, and lead on', async () => {
    await show('/');
    const commands = await page.locator('code.command').allTextContents();
    expect(commands.length).toBeGreaterThan(2);
    const folder = await mkdtemp(join(tmpdir(), 'armature-start-'));
    await symlink(fileURLToPath(new URL('examples', root)), join(folder, 'examples'));
    for (const command of commands) {
      expect(command).toContain(service.address);
      await promisify(execFile)('bash', ['-euc', command], { cwd: folder });
    }
    const files = (await readdir(folder)).filter((name) => name.endsWith('.png'));
    expect(files.toSorted()).toEqual(['ball.png', 'cube.png', 'edges.png']);
    for (const name of files)
      expect((await decodePicture(await readFile(join(folder, name)))).width).toBeGreaterThan(0);
    await rm(folder, { recursive: true });
    expect(await page.locator('button.copy').count()).toBe(commands.length);
    await page.locator('.doors').getByRole('link', { name: 'Jobs' }).click();
    await page.waitForURL('**/jobs');
  });

  test('of jobs list them with their pictures, by status and kind', async () => {
    await show('/jobs');
    const list = page.locator('.jobs li');
    await expect.poll(async () => await list.locator('img').count()).toBeGreaterThan(2);
    expect(await list.filter({ hasText: 'a red cube' }).first().textContent()).toMatch(/succeeded.*diorama.*canny/);
    await page.getByLabel('Kind').selectOption('extraction');
    await page.waitForURL('**kind=extraction');
    await page.waitForSelector('main:not([aria-busy])');
    const texts = await list.allTextContents();
    expect(texts.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !text.includes('Map for canny'))).toEqual([]);
    await page.getByLabel('Status').selectOption('failed');
    await page.waitForURL('**status=failed');
    await page.getByText('There are none such').waitFor();
  });

  test('of a job show outputs, map and source, each in full size', async () => {
    await show(`/jobs/${drawn.id}`);
    const pictures = page.locator('.card .zoom img');
    await expect.poll(async () => await pictures.count()).toBe(4);
    const widths = 'Array.from(document.querySelectorAll(".card .zoom img"), (one) => one.naturalWidth > 0)';
    await expect.poll(async () => await page.evaluate(widths)).toEqual([true, true, true, true]);
    await page.locator('.card .zoom').last().click();
    const full = page.getByRole('dialog', { name: 'Full size' });
    await full.locator('img').waitFor();
    await page.keyboard.press('Escape');
    await expect.poll(async () => await full.count()).toBe(0);
  });

  test('of a training show what it learns: curves, figures and pictures of held-out maps', async () => {
    await show(`/jobs/${training}`);
    const curves = page.getByRole('img', { name: /^Loss over the steps; last: loss \S+, held-out loss \S+$/ });
    expect(await curves.locator('polyline').count()).toBe(2);
    expect(await curves.locator('.curve-1 circle').count()).toBe(3);
    await page.getByText(/^After step 4: held-out loss \d/).waitFor();
    await page.getByRole('heading', { name: 'Pictures after step 4' }).waitFor();
    const widths = 'Array.from(document.querySelectorAll(".card .zoom img"), (one) => one.naturalWidth)';
    await expect.poll(async () => await page.evaluate(widths)).toEqual(Array.from({ length: 6 }, () => 64));
  });

  test('of a training that has succeeded train its model on', async () => {
    await show(`/jobs/${training}`);
    await page.getByRole('button', { name: 'Train on' }).click();
    await page.waitForURL((url) => /trn_/.test(url.pathname) && !url.pathname.endsWith(training));
    const id = new URL(page.url()).pathname.split('/').at(-1)!;
    const next = (await (await service.fetch(`/v1/trainings/${id}`)).json()) as { readonly effective: object };
    const before = (await (await service.fetch(`/v1/trainings/${training}`)).json()) as {
      readonly effective: { readonly name: string };
    };
    expect(next.effective).toMatchObject({ init: { id: before.effective.name } });
    await service.fetch(`/v1/trainings/${id}/cancel`, { method: 'POST' });
  });

  test('of a job cancel it, draw it again and delete it', async () => {
    const { id } = await service.submit(long);
    await show(`/jobs/${id}`);
    await page.getByRole('button', { name: 'Cancel' }).click();
    await service.until(id, ({ status }) => status === 'cancelled');
    const again = page.getByRole('button', { name: 'Draw it again' });
    await again.waitFor();
    await again.click();
    await service.until(id, ({ status }) => status === 'queued' || status === 'running');
    await page.getByRole('button', { name: 'Cancel' }).click();
    await service.until(id, ({ status }) => status === 'cancelled');
    const remove = page.getByRole('button', { name: 'Delete' });
    await remove.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Keep it' }).click();
    expect((await service.fetch(`/v1/generations/${id}`)).status).toBe(200);
    await remove.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/jobs');
    expect((await service.fetch(`/v1/generations/${id}`)).status).toBe(404);
  });

  test('of a job have no place for previews before the first one comes', async () => {
    const { id } = await service.submit({ ...long, preview: { every: 150 } });
    await show(`/jobs/${id}`);
    const place = page.locator('#previews');
    await place.waitFor({ state: 'attached' });
    expect(await place.isVisible()).toBe(false);
    await service.fetch(`/v1/generations/${id}/cancel`, { method: 'POST' });
  });

  test('of a job say what the server refuses', async () => {
    const { id } = await service.submit(long);
    await show(`/jobs/${id}`);
    const cancel = page.getByRole('button', { name: 'Cancel' });
    await cancel.waitFor();
    await page.route(
      '**/cancel',
      async (route) => await route.fulfill({ status: 409, json: { detail: 'It has ended.' } }),
    );
    await cancel.click();
    await page.getByText('It has ended.').waitFor();
    // A job that begins to be drawn draws its page anew.
    await service.until(id, ({ status }) => status === 'running');
    await page.locator('#progress', { hasText: 'Step' }).waitFor();
    expect(await page.getByText('It has ended.').isVisible()).toBe(true);
    await page.unroute('**/cancel');
    complaints.length = 0;
    await service.fetch(`/v1/generations/${id}/cancel`, { method: 'POST' });
  });

  test('of a batch count its items, link to them and delete it', async () => {
    const { id } = await made('/v1/batches', { name: 'Brief', items: [long, long] });
    await show(`/batches/${id}`);
    expect(await page.locator('h1').textContent()).toBe('Brief');
    await page.getByRole('button', { name: 'Cancel' }).click();
    const remove = page.getByRole('button', { name: 'Delete' });
    await remove.waitFor();
    expect(await page.locator('.facts').first().textContent()).toContain('cancelled2');
    expect(await page.locator('.jobs a').count()).toBe(2);
    await remove.click();
    await page.getByRole('dialog').getByRole('button', { name: 'Delete' }).click();
    await page.waitForURL('**/jobs');
    expect((await service.fetch(`/v1/batches/${id}`)).status).toBe(404);
  });

  test('of the API ask the server what is tried', async () => {
    await show('/docs');
    const route = page.locator('#operations-models-listModels');
    await route.locator('.opblock-summary-control').click();
    await route.locator('.try-out__btn').click();
    await route.locator('.execute').click();
    await expect.poll(async () => await route.locator('.live-responses-table').textContent()).toContain('diorama');
  });

  test('ask once for a key where the server has any, for what they do as well', async () => {
    const operator = `arm_${'k'.repeat(40)}`;
    const keyed = await Service.start({ environment: { ARMATURE_ADMIN_KEY: operator } });
    const context = await browser.newContext();
    try {
      const headers = { authorization: `Bearer ${operator}` };
      const { id } = await keyed.submit(long, headers);
      const other = await context.newPage();
      await other.goto(`${keyed.address}/jobs/${id}`);
      await other.getByRole('textbox', { name: 'API key' }).fill(operator);
      await other.getByRole('button', { name: 'Continue' }).click();
      await other.getByRole('button', { name: 'Cancel' }).click();
      await other.getByRole('button', { name: 'Draw it again' }).waitFor();
      const status = async (): Promise<unknown> =>
        ((await (await keyed.fetch(`/v1/generations/${id}`, { headers })).json()) as JobView).status;
      expect(await status()).toBe('cancelled');
      await other.goto(`${keyed.address}/jobs`);
      await other.locator('.jobs li').waitFor();
    } finally {
      await context.close();
      await keyed.stop();
    }
  });
});
