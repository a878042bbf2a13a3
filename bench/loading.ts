/**
 * Steps of a small model that is drawn with while a large one is loaded beside it.
 *
 * Options: --channels N (of the first level of the large one: 320 is Stable Diffusion 1.5 and takes 6 GB of memory, 128 a sixth), --folder DIR
 * (where its random checkpoint is kept), --threads N.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { conditionIds } from '../src/conditions/registry.ts';
import { DeviceProcess } from '../src/device/device-process.ts';
import { findBase } from '../src/generation/models/base.ts';
import { openLibrary } from '../src/models/library.ts';
import { firstPass, planFor } from '../test/support/draw-request.ts';
import { root } from '../test/support/service.ts';
import { makeCheckpoint } from './real-size/make-checkpoint.ts';

const { values } = parseArgs({
  options: {
    channels: { type: 'string', default: '128' },
    folder: { type: 'string', default: join(tmpdir(), 'armature-loading') },
    threads: { type: 'string', default: '2' },
  },
});

const channels = Number(values.channels);
const folder = join(values.folder, `base-${channels}`);
makeCheckpoint(folder, channels);
writeFileSync(join(folder, 'model_index.json'), '{"_class_name": "StableDiffusionPipeline"}');
const packaged = fileURLToPath(new URL('models', root));
const library = await openLibrary([values.folder, packaged], { conditions: conditionIds });
const [large, small] = [await library.find(findBase, `base-${channels}`), await library.find(findBase, 'diorama')];

/** When each step of the small model was done. */
const ticks: number[] = [];
const device = new DeviceProcess({
  entry: new URL('dist/device/main.js', root),
  settings: {
    provider: 'cpu',
    deviceId: 0,
    threads: Number(values.threads),
    memoryBudget: 2 ** 35,
    maxRows: 8,
    tokenizerFolder: `${packaged}/clip-tokenizer`,
  },
});
const stopped = new AbortController();
const steps = 900;
const drawn = (job: string, size: number) =>
  firstPass(
    planFor(job === 'small' ? small : large, { width: size, height: size, steps, run: { steps, evaluations: steps } }),
    job === 'small' ? small : large,
    [],
    job,
  );
try {
  const stepping = device.draw(drawn('small', 256), {
    signal: stopped.signal,
    onProgress: () => {
      ticks.push(performance.now());
    },
  });
  stepping.catch(() => null);
  await until(() => ticks.length > 40);
  const [began, busy] = [performance.now(), processorSeconds()];
  const first = new Promise<void>((resolve, reject) => {
    device
      .draw(drawn('large', 64), { signal: stopped.signal, onProgress: () => resolve() })
      .catch((error: unknown) => reject(error as Error));
  });
  first.catch(() => null);
  await first;
  const ended = performance.now();
  const gaps = (from: number, to: number): readonly number[] =>
    ticks
      .flatMap((at, index) => (at > from && at <= to && index > 0 ? [at - (ticks[index - 1] as number)] : []))
      .toSorted((a, b) => a - b);
  const [before, beside] = [gaps(ticks[10] as number, began), gaps(began, Math.max(ended, ticks.at(-1) as number))];
  const usual = middle(before);
  console.log(`from the request to the first step of the large one: ${ms(ended - began)}`);
  console.log(`processor time of the device meanwhile: ${(processorSeconds() - busy).toFixed(2)} s`);
  console.log(`a step of the small one before: median ${ms(usual)}, of ${before.length}`);
  console.log(
    `beside: ${beside.length} steps, median ${ms(middle(beside))} (${(middle(beside) / usual).toFixed(2)} x), mean ${ms(mean(beside))} (${(mean(beside) / usual).toFixed(2)} x), longest ${ms(beside.at(-1) ?? 0)} (${((beside.at(-1) ?? 0) / usual).toFixed(1)} x)`,
  );
} finally {
  stopped.abort();
  await device.close();
}

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 5));
}

function middle(sorted: readonly number[]): number {
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, one) => sum + one, 0) / numbers.length;
}

function ms(time: number): string {
  return `${time.toFixed(0)} ms`;
}

/** Linux; 0 elsewhere. */
function processorSeconds(): number {
  if (device.pid === undefined || process.platform !== 'linux') return 0;
  const fields = readFileSync(`/proc/${device.pid}/stat`, 'utf8')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) / 100;
}
