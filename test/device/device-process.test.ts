import { afterEach, describe, expect, it } from 'vitest';
import { DeviceProcess } from '../../src/device/device-process.ts';
import type { DeviceSettings, DrawRequest, PictureLeft } from '../../src/device/protocol.ts';
import { ArmatureError } from '../../src/errors.ts';
import type { GenerationPlan } from '../../src/generation/plan.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import { type DioramaModels, dioramaModels, modelsFolder } from '../support/diorama.ts';
import { firstPass, planFor } from '../support/draw-request.ts';

const entry = new URL('../../dist/device/main.js', import.meta.url);
const settings: DeviceSettings = {
  provider: 'cpu',
  deviceId: 0,
  threads: 2,
  memoryBudget: 2 ** 31,
  maxRows: 8,
  tokenizerFolder: `${modelsFolder}/clip-tokenizer`,
};

const open: DeviceProcess[] = [];
afterEach(async () => {
  for (const device of open.splice(0)) await device.close();
});

function start(options: Partial<ConstructorParameters<typeof DeviceProcess>[0]> = {}): DeviceProcess {
  const device = new DeviceProcess({ settings, entry, ...options });
  open.push(device);
  return device;
}

function request({ base }: DioramaModels, change: Partial<GenerationPlan> = {}, job = 'job'): DrawRequest {
  return firstPass(planFor(base, change), base, [], job);
}

async function codeOf(work: Promise<unknown>): Promise<string> {
  return await work.then(
    () => 'none',
    (error: unknown) => (error instanceof ArmatureError ? error.code : 'not ours'),
  );
}

function imageOf(left: PictureLeft | undefined): RgbImage {
  if (left === undefined || !('image' in left)) throw new Error('It left no picture');
  return left.image;
}

describe('the device process', () => {
  it('draws, reports every step, and says what it runs on', async () => {
    const device = start();
    const steps: number[] = [];
    const drawing = await device.draw(request(await dioramaModels()), { onProgress: ({ step }) => steps.push(step) });
    expect(drawing.pictures).toHaveLength(1);
    expect(imageOf(drawing.pictures[0]).data).toHaveLength(3 * 64 * 64);
    expect(steps).toEqual([1, 2, 3]);
    expect(device.description?.provider).toBe('cpu');
  });

  it.each(['SIGINT', 'SIGTERM'] as const)(
    'is there in spite of %s, which is meant for everybody, at its first moment',
    async (signal) => {
      const device = start();
      const started = device.start();
      const { pid } = device;
      // A child that has not begun to read its program is ended by it.
      process.kill(pid!, signal);
      expect((await started).provider).toBe('cpu');
      const second = device.pid;
      process.kill(second!, signal);
      expect((await device.draw(request(await dioramaModels(), { steps: 1 }))).pictures).toHaveLength(1);
      expect([second === pid, device.pid === second]).toEqual([false, true]);
    },
  );

  it('draws the same with networks that threads have loaded', async () => {
    const models = await dioramaModels();
    const wanted = request(models, { steps: 2 });
    const [usual, threaded] = [start(), start({ settings: { ...settings, threadFromBytes: 0 } })];
    const [first, second] = [await usual.draw(wanted), await threaded.draw(wanted)];
    expect(imageOf(second.pictures[0])).toEqual(imageOf(first.pictures[0]));
    expect([usual.loaded, threaded.loaded]).toEqual([['diorama'], ['diorama']]);
  });

  it('draws each picture by its own seed', async () => {
    const device = start();
    const models = await dioramaModels();
    const both = await device.draw(request(models, { seed: 2 ** 32 - 1, count: 2, steps: 1 }));
    const second = await device.draw(request(models, { seed: 0, steps: 1 }));
    expect(imageOf(both.pictures[1])).toEqual(imageOf(second.pictures[0]));
    expect(imageOf(both.pictures[0])).not.toEqual(imageOf(second.pictures[0]));
  });

  it('draws two jobs in shared steps', async () => {
    const ticks: number[] = [];
    const device = start({ onTick: ({ samples }) => ticks.push(samples) });
    const models = await dioramaModels();
    const jobs = ['a', 'b'].map(async (job) => await device.draw(request(models, { steps: 12 }, job)));
    const [first, second] = await Promise.all(jobs);
    expect(Math.max(...ticks)).toBe(2);
    expect(imageOf(second?.pictures[0])).toEqual(imageOf(first?.pictures[0]));
  });

  it('a cancel ends a drawing within a step and leaves the others alone', async () => {
    const device = start();
    const models = await dioramaModels();
    const controller = new AbortController();
    const stopped = device.draw(request(models, { steps: 150 }, 'stopped'), {
      signal: controller.signal,
      onProgress: ({ step }) => step === 2 && controller.abort(),
    });
    const other = device.draw(request(models, { steps: 6 }, 'other'));
    expect(await codeOf(stopped)).toBe('cancelled');
    expect((await other).pictures).toHaveLength(1);
  });

  it('fails only the job that cannot be drawn', async () => {
    const device = start();
    const models = await dioramaModels();
    const lost = { ...models, base: { ...models.base, path: '/nowhere' } };
    const [bad, good] = [device.draw(request(lost, {}, 'bad')), device.draw(request(models, {}, 'good'))];
    expect(await codeOf(bad)).toBe('model_invalid');
    expect((await good).pictures).toHaveLength(1);
  });

  it('jobs in a killed process fail with device_lost, and the next one gets a new process', async () => {
    const device = start();
    const models = await dioramaModels();
    const drawing = device.draw(request(models, { steps: 150 }), {
      onProgress: ({ step }) => step === 2 && process.kill(device.pid ?? 0, 'SIGKILL'),
    });
    expect(await codeOf(drawing)).toBe('device_lost');
    expect((await device.draw(request(models))).pictures).toHaveLength(1);
  });

  it('a process that hangs is killed, a process that computes is not', async () => {
    const hanging = start({ entry: new URL('./fixtures/hanging-child.mjs', import.meta.url), hangAfterMs: 2000 });
    const models = await dioramaModels();
    expect(await codeOf(hanging.draw(request(models)))).toBe('device_lost');
    const computing = start({ hangAfterMs: 2000 });
    expect((await computing.draw(request(models, { width: 256, height: 256, steps: 30 }))).pictures).toHaveLength(1);
  });

  it('a CUDA device that is not there is refused with the reason', async () => {
    const device = start({ settings: { ...settings, provider: 'cuda', deviceId: 99 } });
    expect(await codeOf(device.start())).toBe('invalid_config');
  });
});
