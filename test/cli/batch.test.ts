import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { journalName } from '../../src/cli/batch/journal.ts';
import { type JobView, Service } from '../support/service.ts';
import { armature, type Finished, spawnArmature } from './armature.ts';

const tiny = { width: 64, height: 64, steps: 1 };
const scene = new URL('../diorama/scenes/04_canny.png', import.meta.url);

interface BatchView {
  readonly id: string;
  readonly name: string;
  readonly items: number;
}

let service: Service;
let folder: string;
let output: string;
beforeAll(async () => {
  service = await Service.start();
});
afterAll(async () => await service.stop());
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'armature-batch-'));
  output = join(folder, 'out');
  return async () => await rm(folder, { recursive: true, force: true });
});

async function writeRequests(requests: readonly unknown[]): Promise<string> {
  const file = join(folder, 'requests.jsonl');
  await writeFile(file, requests.map((request) => JSON.stringify(request)).join('\n'));
  return file;
}

function balls(count: number, more: Readonly<Record<string, unknown>> = {}): readonly unknown[] {
  return Array.from({ length: count }, (_, seed) => ({ prompt: 'a ball', seed, ...tiny, ...more }));
}

function args(given: readonly string[], { address } = service): readonly string[] {
  return ['batch', ...given, '-o', output, '--server', address];
}

async function batch(...given: readonly string[]): Promise<Finished> {
  return await armature(args(given));
}

/** Names of the pictures that are there. */
async function pictures(): Promise<readonly string[]> {
  const names = await readdir(output).catch(() => []);
  return names.filter((name) => /\.(png|jpg|webp)$/.test(name)).toSorted();
}

async function untilOneIsDone(): Promise<void> {
  const journal = join(output, journalName);
  while (!(await readFile(journal, 'utf8').catch(() => '')).includes('"done"')) await pause(20);
}

async function read<T>(path: string): Promise<T> {
  return (await (await service.fetch(path)).json()) as T;
}

/** The batches on the server since `count` of them were there, the oldest first. */
async function batchesAfter(count: number): Promise<readonly BatchView[]> {
  const { data } = await read<{ data: readonly BatchView[] }>('/v1/batches?limit=100');
  return data.toReversed().slice(count);
}

async function itemsOf({ id }: BatchView): Promise<readonly JobView[]> {
  return (await read<{ data: readonly JobView[] }>(`/v1/batches/${id}/items?limit=100`)).data;
}

/** How many uploads the server has answered so far. */
async function uploads(): Promise<number> {
  const text = await (await service.fetch('/metrics')).text();
  const answered = /^armature_http_request_seconds_count\{(?=.*method="POST")(?=.*route="\/v1\/uploads").*\} (\d+)$/m;
  return Number(answered.exec(text)?.[1] ?? 0);
}

async function sha256(name: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(join(output, name)))
    .digest('hex');
}

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${String(index).padStart(5, '0')}.png`);

describe('armature batch with a file', () => {
  it('writes what the server drew, named by the places of the requests', async () => {
    const before = (await batchesAfter(0)).length;
    const more = { prompt: 'a cube', count: 2, seed: 5, output: { format: 'jpeg' }, ...tiny };
    const { code, stdout, stderr } = await batch(await writeRequests([...balls(1), more]));
    expect(code, stderr).toBe(0);
    expect(stdout).toBe(`2 of 2 items are drawn, in ${output}\n`);
    expect(await pictures()).toEqual(['00000.png', '00001-1.jpg', '00001-2.jpg']);
    const [made] = await batchesAfter(before);
    expect(made).toMatchObject({ name: 'requests.jsonl', items: 2 });
    const drawn = (await itemsOf(made!)).flatMap(({ outputs }) => outputs.map((picture) => picture.sha256));
    expect(await Promise.all((await pictures()).map(sha256))).toEqual(drawn);
  });

  it('sends each local picture once, whatever it is called', async () => {
    const bytes = await readFile(scene);
    await Promise.all(['a.png', 'b.png'].map(async (name) => await writeFile(join(folder, name), bytes)));
    const before = (await batchesAfter(0)).length;
    const uploaded = await uploads();
    const images = ['a.png', { file: 'b.png' }, { file: join(folder, 'a.png') }];
    const requests = images.map((image, index) => ({
      prompt: 'a ball',
      ...tiny,
      controls: [{ type: 'canny', image, preprocess: false, ...(index === 0 ? {} : { mask: image }) }],
      metadata: { file: 'a.png' },
    }));
    const { code, stderr } = await batch(await writeRequests(requests));
    expect(code, stderr).toBe(0);
    const [made] = await batchesAfter(before);
    const items = await itemsOf(made!);
    expect(items).toHaveLength(3);
    expect(items[0]).toMatchObject({ metadata: { file: 'a.png' } });
    const mask = { sha256: createHash('sha256').update(bytes).digest('hex') };
    expect(items).toMatchObject(
      [null, mask, mask].map((expected) => ({ effective: { controls: [{ mask: expected }] } })),
    );
    expect((await uploads()) - uploaded).toBe(1);
  });

  it('does nothing where nothing is missing, and fetches again what was taken away', async () => {
    const file = await writeRequests(balls(2));
    await batch(file);
    const before = (await batchesAfter(0)).length;
    const again = await batch(file);
    expect(again).toMatchObject({ code: 0, stderr: '2 of 2 are there already\n' });
    await rm(join(output, '00001.png'));
    expect(await batch(file)).toMatchObject({ code: 0 });
    expect(await pictures()).toEqual(names(2));
    expect(await batchesAfter(before)).toEqual([]);
  });

  it('draws a request that has changed, beside what was drawn before', async () => {
    await batch(await writeRequests(balls(2)));
    const before = (await batchesAfter(0)).length;
    const [first] = balls(1);
    expect(await batch(await writeRequests([first, { prompt: 'a cube', ...tiny }]))).toMatchObject({ code: 0 });
    expect(await pictures()).toEqual(['00000.png', '00001.png', '00001~2.png']);
    expect(await batchesAfter(before)).toMatchObject([{ items: 1 }]);
  });

  it('says which failed and why, and tries only those again', async () => {
    await sharp({ create: { width: 64, height: 64, channels: 3, background: 'grey' } }).toFile(
      join(folder, 'grey.png'),
    );
    const blank = { prompt: 'x', strict: true, controls: [{ type: 'canny', image: 'grey.png' }], ...tiny };
    const file = await writeRequests([...balls(2), blank]);
    const before = (await batchesAfter(0)).length;
    const { code, stdout, stderr } = await batch(file);
    expect(code).toBe(1);
    expect(stdout).toContain('2 of 3 items are drawn');
    expect(stderr).toMatch(/^failed: 00002: .*canny/m);
    expect(stderr).toMatch(/^armature: 1 of 3 failed: run the same command again/m);
    expect(await batch(file)).toMatchObject({ code: 1 });
    expect(await batchesAfter(before)).toMatchObject([{ items: 3 }, { items: 1 }]);
  });

  it('names the request that is refused, and draws none', async () => {
    const before = (await batchesAfter(0)).length;
    const { code, stderr } = await batch(await writeRequests([...balls(1), { prompt: 'x', steps: -1 }]));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^armature: item 00001\.steps: .*\n$/);
    await writeFile(join(folder, 'text.png'), 'no picture');
    const controls = [{ type: 'canny', image: 'text.png' }];
    const other = await batch(await writeRequests([{ prompt: 'x', controls }]));
    expect(other.stderr).toMatch(/^armature: .*text\.png: Expected a picture.*\n$/);
    expect(await batchesAfter(before)).toEqual([]);
  });
});

describe('armature batch with a folder that takes no files', () => {
  it('says so in one line', async () => {
    const file = await writeRequests(balls(1));
    await writeFile(output, 'a file');
    const taken = `armature: ${output} cannot be written: there is something of that name already.\n`;
    expect(await batch(file)).toMatchObject({ code: 1, stderr: taken });
    await rm(output);
    await mkdir(join(output, 'armature-batch.lock'), { recursive: true });
    const { code, stderr } = await batch(file);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^armature: The lock of the output folder has to be at .*armature-batch\.lock.*\n$/);
  });
});

describe('armature batch with a folder', () => {
  it('draws one request for each picture, with the options of the command line', async () => {
    const images = join(folder, 'images');
    await mkdir(images);
    for (const name of ['room.png', 'Attic.PNG']) await writeFile(join(images, name), await readFile(scene));
    await writeFile(join(images, 'notes.txt'), 'no picture');
    const before = (await batchesAfter(0)).length;
    const control = ['--condition', 'canny', '--map', '--control-scale', '0.5'];
    const size = ['--width', '64', '--height', '64', '--steps', '1', '--seed', '3'];
    const request = ['--prompt', 'a ball', '--format', 'webp', ...size];
    const { code, stderr } = await batch('--images', images, ...control, ...request, '--priority', '1');
    expect(code, stderr).toBe(0);
    expect(await pictures()).toEqual(['Attic.webp', 'room.webp']);
    const [made] = await batchesAfter(before);
    expect(made!.name).toBe('images');
    const [item] = await itemsOf(made!);
    expect(item).toMatchObject({
      priority: 1,
      effective: { prompt: 'a ball', seed: 3, steps: 1, controls: [{ type: 'canny', scale: 0.5 }] },
    });
  });
});

describe('armature batch that is interrupted', () => {
  const slow = { steps: 12, width: 128, height: 128 };

  it('goes on where it was killed, and draws nothing twice', async () => {
    const file = await writeRequests(balls(8, slow));
    const before = (await batchesAfter(0)).length;
    const child = spawnArmature(args([file]));
    const ended = once(child, 'close');
    await untilOneIsDone();
    child.kill('SIGKILL');
    await ended;
    expect((await pictures()).length).toBeLessThan(8);
    const { code, stderr } = await batch(file);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^\d of 8 are there already$/m);
    expect(await pictures()).toEqual(names(8));
    const [made, ...others] = await batchesAfter(before);
    expect(others).toEqual([]);
    expect((await itemsOf(made!)).map(({ status, attempt }) => [status, attempt])).toEqual(
      Array.from({ length: 8 }, () => ['succeeded', 1]),
    );
  });

  it('sends under the same key what may have been sent', async () => {
    const file = await writeRequests(balls(2));
    const before = (await batchesAfter(0)).length;
    await batch(file, '--priority', '2');
    // As it stands when the process dies before the answer comes: with half of the next line.
    const journal = join(output, journalName);
    const [sending] = (await readFile(journal, 'utf8')).split('\n');
    await writeFile(journal, `${sending}\n{"sent": "`);
    expect(await batch(file)).toMatchObject({ code: 0 });
    expect(await pictures()).toEqual(names(2));
    expect(await batchesAfter(before)).toHaveLength(1);
  });

  it('waits for a server that is killed and comes back', async () => {
    const port = Number(new URL(service.address).port);
    const file = await writeRequests(balls(8, slow));
    const before = (await batchesAfter(0)).length;
    const running = batch(file);
    await untilOneIsDone();
    const { data } = service;
    await service.stop('SIGKILL');
    service = await Service.start({ data, port });
    const { code, stderr } = await running;
    expect(code, stderr).toBe(0);
    expect(stderr).toContain('waiting: No server answers');
    expect(await pictures()).toEqual(names(8));
    expect(await batchesAfter(before)).toHaveLength(1);
  });

  it('stops at Ctrl+C with a word on how to go on', async () => {
    const file = await writeRequests(balls(24, slow));
    const child = spawnArmature(args([file]));
    let stderr = '';
    child.stderr?.on('data', (text: Buffer) => (stderr += text.toString()));
    const ended = once(child, 'close');
    await untilOneIsDone();
    // Its folder is its own meanwhile.
    expect((await batch(file)).stderr).toMatch(/output folder .* is in use by process \d+/);
    child.kill('SIGINT');
    expect(await ended).toEqual([130, null]);
    expect(stderr).toMatch(/armature: Stopped\..*run the same command again/);
    expect(await batch(file)).toMatchObject({ code: 0 });
  });

  it('does not wait for what was deleted at the server', async () => {
    const file = await writeRequests(balls(3));
    const before = (await batchesAfter(0)).length;
    await batch(file);
    const [made] = await batchesAfter(before);
    const [, second] = await itemsOf(made!);
    await service.fetch(`/v1/generations/${second!.id}`, { method: 'DELETE' });
    await rm(join(output, '00001.png'));
    expect(await batch(file)).toMatchObject({ code: 0 });
    expect(await pictures()).toEqual(names(3));
    expect(await batchesAfter(before + 1)).toMatchObject([{ items: 1 }]);
  });
});

describe('armature batch at the limits of a server', () => {
  it('sends fewer items at a time where so many are not taken, and all of them never again', async () => {
    const file = await writeRequests(balls(5));
    let server = await Service.start({ flags: ['--max-batch-items', '2'] });
    const { data } = server;
    const made = async (): Promise<number> => {
      const page = (await (await server.fetch('/v1/batches?limit=100')).json()) as { data: readonly BatchView[] };
      return page.data.length;
    };
    try {
      const finished = await armature(args([file], server));
      expect(finished.code, finished.stderr).toBe(0);
      expect(await pictures()).toEqual(names(5));
      const batches = await made();
      await server.stop('SIGKILL');
      // It takes more by now.
      server = await Service.start({ data });
      for (const name of names(5)) await rm(join(output, name));
      expect((await armature(args([file], server))).code).toBe(0);
      expect(await pictures()).toEqual(names(5));
      expect(await made()).toBe(batches);
    } finally {
      await server.stop();
      await rm(data, { recursive: true, force: true });
    }
  });
});
