import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { decodePicture } from '../../src/images/decode.ts';
import { encodePicture } from '../../src/images/encode.ts';
import { inlinePicture, type JobView, root, type Service } from './service.ts';

/*
 * Eight requests that differ in all that may share a step: two families, four combinations of LoRAs, with and without controls and masks, samplers, and
 * prompts of unequal length. Used by a test, which asserts what comes of them, and by a bench, which prints how long they take.
 */

type Request = Readonly<Record<string, unknown>>;

/** By the root: a bench is compiled to another place. */
function goldenPath(...parts: readonly string[]): string {
  return fileURLToPath(new URL(['test/golden', ...parts].join('/'), root));
}

/** Fills a folder with the small models that they name. */
export function copyMixedFamilies(folder: string): void {
  mkdirSync(join(folder, 'loras'), { recursive: true });
  for (const base of ['sd15-tiny', 'sdxl-tiny']) {
    cpSync(goldenPath('models', base), join(folder, base), { recursive: true });
  }
  for (const [group, file] of [
    ['adapters/lora', 'names-kohya'],
    ['formats', 'lora-kohya'],
    ['adapters/lora', 'lora-peft-sdxl'],
    ['formats', 'lora-kohya-sdxl'],
  ] as const) {
    const name = `${file}.safetensors`;
    cpSync(goldenPath(...group.split('/'), name), join(folder, 'loras', name));
  }
}

const picture = inlinePicture(readFileSync(goldenPath('pipelines', 'cond_a.png')));
const long = `a lighthouse on a cliff${', waves under a wide sky'.repeat(20)}`;

/** `steps` of each; sizes and models stay as they are. */
export async function mixedFamilies(steps: number): Promise<readonly Request[]> {
  const side = 64;
  const half = Uint8Array.from({ length: 3 * side * side }, (_, at) => (at < 1.5 * side * side ? 0 : 255));
  const png = await encodePicture({ width: side, height: side, data: half }, { format: 'png', quality: 100 });
  const masked = { init_image: picture, mask_image: inlinePicture(png), strength: 0.9 };
  const control = (base: string) => ({
    type: 'canny',
    model: `${base}-a`,
    image: picture,
    preprocess: false,
    scale: 0.8,
  });
  const of = (base: string, own: readonly Request[]): readonly Request[] =>
    own.map((request, index) => ({
      model: base,
      seed: 11 + index,
      width: side,
      height: side,
      steps,
      guidance_scale: 5,
      ...request,
    }));
  const lora = (model: string, scale: number) => ({ model, scale });
  return [
    ...of('sd15-tiny', [
      { prompt: 'a red cube', scheduler: 'euler' },
      { prompt: long, scheduler: 'dpmpp_2m', loras: [lora('names-kohya', 0.8)], controls: [control('sd15-tiny')] },
      { prompt: 'fog', scheduler: 'euler_a', loras: [lora('lora-kohya', 0.6)], ...masked },
      {
        prompt: 'a (tall:1.3) tower',
        scheduler: 'ddim',
        loras: [lora('names-kohya', -0.4), lora('lora-kohya', 1)],
      },
    ]),
    ...of('sdxl-tiny', [
      { prompt: 'a blue ball', scheduler: 'unipc' },
      { prompt: long, scheduler: 'euler', loras: [lora('lora-peft-sdxl', 0.7)], controls: [control('sdxl-tiny')] },
      { prompt: 'rain', scheduler: 'dpmpp_2m_sde', loras: [lora('lora-kohya-sdxl', 0.5)], ...masked },
      {
        prompt: 'a street at night',
        scheduler: 'dpmpp_2m_karras',
        loras: [lora('lora-peft-sdxl', 0.3), lora('lora-kohya-sdxl', 0.9)],
      },
    ]),
  ];
}

/** The worst difference of two lists of pictures, of 255. */
export async function worstDifference(
  service: Service,
  some: readonly JobView[],
  others: readonly JobView[],
): Promise<number> {
  let worst = 0;
  for (const [index, job] of some.entries()) {
    const first = await decodePicture(await service.picture(job));
    const second = await decodePicture(await service.picture(others[index] ?? job));
    first.data.forEach((value, at) => (worst = Math.max(worst, Math.abs(value - (second.data[at] ?? 0)))));
  }
  return worst;
}

/** The mean batch of the jobs of each base model. */
export function meanBatches(requests: readonly Request[], jobs: readonly JobView[]): ReadonlyMap<string, number> {
  const bases = [...new Set(requests.map(({ model }) => String(model)))];
  return new Map(
    bases.map((base) => {
      const own = jobs.filter((_, index) => requests[index]?.['model'] === base);
      return [base, own.reduce((sum, job) => sum + (job.mean_batch ?? 0), 0) / own.length];
    }),
  );
}

/** How the LoRAs of jobs acted, each way once. */
export function waysOf(jobs: readonly JobView[]): readonly string[] {
  const effective = jobs.map(
    (job) => (job as unknown as { effective: { loras: readonly { applied: string }[] } }).effective,
  );
  return [...new Set(effective.flatMap(({ loras }) => loras.map(({ applied }) => applied)))];
}
