import { cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inspect } from '../../src/models/inspect.ts';
import { type Inspect, Inspector } from '../../src/models/inspector.ts';
import { type LibraryOptions, openLibrary } from '../../src/models/library.ts';
import type { Candidate } from '../../src/models/scan/candidates.ts';
import { smallModelPath } from '../support/golden.ts';
import { withHeader } from '../weights/write-safetensors.ts';

const entry = new URL('../../dist/models/inspector-main.js', import.meta.url);

let root: string;
let models: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'armature-inspector-'));
  models = join(root, 'models');
  await mkdir(models);
});

afterEach(async () => await rm(root, { recursive: true }));

async function addTiny(name: string): Promise<string> {
  const folder = join(models, name);
  await cp(smallModelPath('models', 'sd15-tiny'), folder, { recursive: true });
  return folder;
}

function file(name: string): Candidate {
  return { kind: 'file', path: join(models, name), signature: name };
}

/** Header of `count` tensors without a byte. */
function emptyTensors(count: number): Uint8Array {
  const tensors = Array.from(
    { length: count },
    (_, i) => `"tensor.${i}":{"dtype":"F32","shape":[0],"data_offsets":[0,0]}`,
  );
  return withHeader(`{${tensors.join(',')}}`, new Uint8Array());
}

/** A child that does this with each candidate. */
async function childThat(code: string): Promise<URL> {
  const path = join(root, 'child.mjs');
  await writeFile(path, `process.on('disconnect', () => process.exit());\n${code}`);
  return pathToFileURL(path);
}

describe('the process that looks into models', () => {
  it('finds what is found in this one', async () => {
    const candidate: Candidate = { kind: 'pipeline', path: await addTiny('tiny'), signature: '' };
    const inspector = new Inspector({ entry, idleMs: 0 });
    expect(await inspector.inspect(candidate)).toEqual(await inspect(candidate));
  });

  it('takes the work of a hostile header off this one', async () => {
    await writeFile(join(models, 'many.safetensors'), emptyTensors(50_000));
    const inspector = new Inspector({ entry, idleMs: 0 });
    const activeWith = async (look: Inspect): Promise<number> => {
      const before = performance.eventLoopUtilization();
      const { rejected } = await look(file('many.safetensors'));
      expect(rejected[0]?.detail).toContain('neither a base model nor a ControlNet nor a LoRA');
      return performance.eventLoopUtilization(before).active;
    };
    const here = await activeWith(inspect);
    expect(await activeWith(async (...asked) => await inspector.inspect(...asked))).toBeLessThan(here / 2);
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'takes %s, which is meant for everybody, for no fault of a model',
    async (signal) => {
      const candidate: Candidate = { kind: 'pipeline', path: await addTiny('tiny'), signature: '' };
      const inspector = new Inspector({ entry, idleMs: 60_000 });
      const finding = inspector.inspect(candidate);
      const { pid } = inspector;
      // A child that has not begun to read its program is ended by it.
      process.kill(pid!, signal);
      const found = await finding;
      expect(found.rejected).toEqual([]);
      const second = inspector.pid;
      const again = inspector.inspect(candidate);
      process.kill(second!, signal);
      expect(await again).toEqual(found);
      expect([second === pid, inspector.pid === second]).toEqual([false, true]);
      process.kill(second!, 'SIGKILL');
    },
  );

  it('that ends over a candidate rejects that one and looks into the next', async () => {
    const mortal = await childThat(`process.on('message', ({ id, asked: [{ path }] }) => {
      if (path.includes('deadly')) process.kill(process.pid, 'SIGKILL');
      else process.send({ id, finding: { models: [], rejected: [] } });
    });`);
    const inspector = new Inspector({ entry: mortal, idleMs: 0 });
    const found = await Promise.all(
      ['one', 'deadly', 'two'].map(async (name) => await inspector.inspect(file(`${name}.safetensors`))),
    );
    expect(found.map(({ rejected }) => rejected.map(({ detail }) => detail))).toEqual([
      [],
      ['deadly.safetensors ended the process that looked into it (SIGKILL).'],
      [],
    ]);
  });

  it('that takes too long is ended', async () => {
    const slow = await childThat(`process.on('message', () => { for (;;); });`);
    const inspector = new Inspector({ entry: slow, mostMs: 300, idleMs: 0 });
    const { rejected } = await inspector.inspect(file('slow.safetensors'));
    expect(rejected).toEqual([
      { id: 'slow', code: 'model_invalid', detail: 'slow.safetensors took more than 0.3 seconds to be looked into.' },
    ]);
    expect(inspector.pid).toBeUndefined();
  });
});

describe('what was found', () => {
  let looked: string[];
  let options: LibraryOptions;

  const counting: Inspect = async (...asked) => {
    looked.push(asked[0].path.slice(models.length + 1));
    return await inspect(...asked);
  };

  beforeEach(() => {
    looked = [];
    options = { conditions: ['canny'], inspect: counting, findingsFile: join(root, 'found-models') };
  });

  /** Opens the library as the next process would, and tells what was looked into and listed. */
  async function open(folders = [models]) {
    looked = [];
    const { bases, rejected } = await (await openLibrary(folders, options)).list();
    return { looked: looked.toSorted(), ids: [...bases, ...rejected].map(({ id }) => id).toSorted() };
  }

  it('is kept for the next process, and only what has changed is looked into', async () => {
    await addTiny('a');
    await addTiny('b');
    await writeFile(join(models, 'noise.safetensors'), Buffer.alloc(99));
    expect(await open()).toEqual({ looked: ['a', 'b', 'noise.safetensors'], ids: ['a', 'b', 'noise'] });
    expect(await open()).toEqual({ looked: [], ids: ['a', 'b', 'noise'] });
    await writeFile(join(models, 'a', 'armature.json'), '{"schema":1,"title":"A"}');
    await rm(join(models, 'noise.safetensors'));
    expect(await open()).toEqual({ looked: ['a'], ids: ['a', 'b'] });
    expect(await open()).toEqual({ looked: [], ids: ['a', 'b'] });
  });

  it('does not hold for a file of the same size and time that is another', async () => {
    const time = new Date(1_700_000_000_000);
    const path = join(models, 'noise.safetensors');
    await writeFile(path, Buffer.alloc(99));
    await utimes(path, time, time);
    await open();
    await rm(path);
    await writeFile(path, Buffer.alloc(99, 1));
    await utimes(path, time, time);
    expect((await open()).looked).toEqual(['noise.safetensors']);
  });

  it('stays where another command looks at other folders', async () => {
    await addTiny('a');
    const others = join(root, 'others');
    await mkdir(others);
    await cp(smallModelPath('models', 'sd21-tiny'), join(others, 'c'), { recursive: true });
    await open();
    expect((await open([others])).looked).toHaveLength(1);
    expect((await open([models, others])).looked).toEqual([]);
  });

  it.each([
    ['cut off', (bytes: Buffer) => bytes.subarray(0, -9)],
    ['changed', (bytes: Buffer) => bytes.fill(0, bytes.length - 20, bytes.length - 10)],
    ['emptied', () => Buffer.alloc(0)],
    ['of another build', (bytes: Buffer) => bytes.fill('!', 18, 19)],
    ['something else', () => Buffer.from('\0\0\n\0')],
  ])('is looked for anew where its file is %s', async (_, damage) => {
    await addTiny('a');
    await open();
    const kept = await readFile(join(root, 'found-models'));
    await writeFile(join(root, 'found-models'), damage(kept));
    expect(await open()).toEqual({ looked: ['a'], ids: ['a'] });
    expect(await open()).toEqual({ looked: [], ids: ['a'] });
  });

  it('comes back as it was, infinite numbers and all', async () => {
    const scheduler = join(await addTiny('a'), 'scheduler', 'scheduler_config.json');
    await writeFile(scheduler, '{"lambda_min_clipped": -Infinity}');
    const [before] = (await (await openLibrary([models], options)).list()).bases;
    expect(before?.schedule.samplerDefaults.lambdaMinClipped).toBe(Number.NEGATIVE_INFINITY);
    const [after] = (await (await openLibrary([models], options)).list()).bases;
    expect(after).toEqual(before);
  });

  it('is listed where it cannot be kept', async () => {
    await addTiny('a');
    options = { ...options, findingsFile: join(root, 'absent', 'found-models') };
    expect(await open()).toEqual({ looked: ['a'], ids: ['a'] });
    options = { ...options, findingsFile: models };
    expect(await open()).toEqual({ looked: ['a'], ids: ['a'] });
  });
});
