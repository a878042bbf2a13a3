import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { mkdtemp, readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { chromiumMissing, startChromium } from '../support/chromium.ts';
import { missing } from '../support/missing.ts';
import { root, Service } from '../support/service.ts';

const key = 'the-operators-own-key-of-this-test-0123';
const python = ['/usr/bin/python3', '/usr/local/bin/python3'].find((path) => existsSync(path));
const pythonMissing = missing('python3', python);
const browserText = readFileSync(new URL('docs/browser.md', root), 'utf8');

describe('examples of clients, against a server with keys', () => {
  let service: Service;
  let site: Server;
  let origin: string;
  let folder: string;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'armature-examples-'));
    const page = readFileSync(new URL('examples/browser.html', root));
    site = createServer((_, response) => response.setHeader('content-type', 'text/html').end(page));
    site.listen(0, '127.0.0.1');
    await once(site, 'listening');
    origin = `http://localhost:${(site.address() as AddressInfo).port}`;
    service = await Service.start({
      flags: ['--cors-origin', origin],
      environment: { ARMATURE_ADMIN_KEY: key },
    });
  });
  afterAll(async () => {
    site?.close();
    await service?.stop();
  });

  /** A picture was saved, and its address opens it without a key. */
  async function expectPicture(file: string, lines: readonly string[]): Promise<void> {
    expect(lines.filter((line) => line.startsWith('progress')).length).toBeGreaterThan(0);
    const bytes = await readFile(file);
    expect((await sharp(bytes).metadata()).format).toBe('png');
    const address = lines.at(-1)!;
    const signed = await fetch(address);
    expect(Buffer.from(await signed.arrayBuffer()).equals(bytes)).toBe(true);
    expect((await fetch(address.split('?')[0]!)).status).toBe(401);
  }

  it('examples/draw.ts draws, follows, saves and signs', async () => {
    vi.stubEnv('ARMATURE_SERVER', service.address);
    vi.stubEnv('ARMATURE_API_KEY', key);
    const lines: string[] = [];
    const log = vi.spyOn(console, 'log').mockImplementation((...words: unknown[]) => void lines.push(words.join(' ')));
    try {
      const { draw } = await import('../../examples/draw.ts');
      await draw('a red cube on a green floor', join(folder, 'ts.png'));
    } finally {
      log.mockRestore();
      vi.unstubAllEnvs();
    }
    await expectPicture(join(folder, 'ts.png'), lines);
  });

  const programs = [
    { name: 'draw.py', command: python ?? '', without: pythonMissing },
    { name: 'draw.sh', command: 'bash', without: null },
  ] as const;
  for (const { name, command, without } of programs)
    it.skipIf(without !== null)(`examples/${name} draws, follows, saves and signs ${without ?? ''}`, async () => {
      const file = join(folder, `${name}.png`);
      const { code, lines } = await runExample(command, name, { ARMATURE_API_KEY: key }, 'a red cube', file);
      expect(code).toBe(0);
      await expectPicture(file, lines);
      const refused = await runExample(command, name, {}, 'a red cube', join(folder, 'none.png'));
      expect(refused).toMatchObject({
        code: 1,
        lines: [''],
        errors: expect.stringMatching(/^Expected an API key[^\n]*\.\n$/),
      });
    });

  /** Runs a program of examples/ against the server, as its reader would. */
  async function runExample(command: string, name: string, environment: object, ...args: readonly string[]) {
    const script = fileURLToPath(new URL(`examples/${name}`, root));
    const child = spawn(command, [script, ...args], {
      env: { ...process.env, ARMATURE_SERVER: service.address, ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const [printed, errors] = [text(child.stdout), text(child.stderr)];
    const [code] = (await once(child, 'close')) as [number | null];
    return { code, lines: (await printed).trim().split('\n'), errors: await errors };
  }

  it.skipIf(chromiumMissing !== null)(
    `examples/browser.html draws from another origin, and so do the lines of docs/browser.md ${chromiumMissing ?? ''}`,
    async () => {
      const browser = await startChromium();
      try {
        const page = await browser.newPage();
        await page.goto(origin);
        await page.locator('[name=server]').fill(service.address);
        await page.locator('button').click();
        await page.getByRole('status').getByText('Expected an API key').waitFor();
        await page.locator('[name=key]').fill(key);
        await page.locator('button').click();
        await page.getByRole('status').getByText('succeeded').waitFor();
        const width = `document.querySelector('img').naturalWidth`;
        await expect.poll(async () => await page.evaluate(width)).toBeGreaterThan(0);

        const job = await service.submit({ prompt: 'a blue ball' }, { authorization: `Bearer ${key}` });
        const events = `${service.address}/v1/generations/${job.id}/events`;
        const [follow] = [...browserText.matchAll(/```js\n(async function\* follow.*?)```/gs)].map(([, text]) => text!);
        const [show] = [...browserText.matchAll(/```js\n(image\.src = .*?)```/gs)].map(([, text]) => text!);
        const seen = await page.evaluate(`(async () => {
          const key = ${JSON.stringify(key)};
          ${follow}
          const types = [];
          let outputUrl;
          for await (const { type, data } of follow(${JSON.stringify(events)}, key)) {
            types.push(type);
            if (type === 'succeeded') outputUrl = ${JSON.stringify(service.address)} + data.outputs[0].url;
          }
          const image = document.createElement('img');
          document.body.append(image);
          ${show}
          await image.decode();
          return [types[0], types.at(-1), image.naturalWidth > 0];
        })()`);
        expect(seen).toEqual(['queued', 'succeeded', true]);
      } finally {
        await browser.close();
      }
    },
  );
});
