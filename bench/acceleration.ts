/** What faster ways of drawing change and save: mean difference, fidelity and processor time over 16 seeds of the embedded model. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { conditionIds } from '../src/conditions/registry.ts';
import { packageRoot } from '../src/config/package-files.ts';
import { ModelNetworks } from '../src/device/model-networks.ts';
import { prepareDrawing } from '../src/device/prepare-drawing.ts';
import { TextCache } from '../src/device/text-cache.ts';
import { guidanceWindow } from '../src/generation/guided-steps.ts';
import { deepCacheOf } from '../src/generation/resolve-deep-cache.ts';
import { tokenMergingOf } from '../src/generation/resolve-token-merging.ts';
import { findBase } from '../src/generation/models/base.ts';
import { decodePicture } from '../src/images/decode.ts';
import { openLibrary } from '../src/models/library.ts';
import { splitNetworks } from '../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../src/pipeline/denoise-loop.ts';
import { pictureFrom } from '../src/pipeline/pixels.ts';
import type { RgbImage } from '../src/pixels/rgb-image.ts';
import { SessionPool } from '../src/runtime/index.ts';
import type { SchedulerId } from '../src/schedulers/registry.ts';
import { firstPass, planFor, preparedAtOnce } from '../test/support/draw-request.ts';
import { agreement, mean } from './fidelity/edges.ts';

/** A request's fields, of which those of the control begin with `every`. */
interface Setting {
  readonly guidance_start?: number;
  readonly guidance_end?: number;
  readonly every?: number;
  readonly token_merging?: number;
  /** That of its deep_cache, and its depth. */
  readonly deep_cache?: number;
  readonly depth?: number;
}

const known: readonly Setting[] = [
  {},
  { guidance_end: 0.8 },
  { guidance_end: 0.6 },
  { guidance_start: 0.2 },
  { every: 2 },
  { every: 3 },
  { every: 5 },
  { every: 2, guidance_end: 0.8 },
  { token_merging: 0.25 },
  { token_merging: 0.5 },
  { token_merging: 0.75 },
  { deep_cache: 2 },
  { deep_cache: 3 },
  { deep_cache: 5 },
  { deep_cache: 3, depth: 2 },
  { deep_cache: 2, every: 2, guidance_end: 0.8 },
];

interface Case {
  readonly scene: string;
  readonly prompt: string;
  readonly seed: number;
  readonly steps: number;
  readonly guidance_scale: number;
}

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '16' },
    scheduler: { type: 'string', default: 'dpmpp_2m' },
    // Those settings alone that have this field.
    only: { type: 'string' },
  },
});
const settings = known.filter((setting, index) => index === 0 || values.only === undefined || values.only in setting);
const folder = join(packageRoot, 'test', 'diorama');
const modelsFolder = join(packageRoot, 'models');
const cases = (JSON.parse(readFileSync(join(folder, 'control', 'cases.json'), 'utf8')) as readonly Case[])
  .filter(({ seed }) => seed < 102)
  .slice(0, Number(values.seeds));
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 1 }, 2 ** 31);
const networks = new ModelNetworks(pool, join(modelsFolder, 'clip-tokenizer'));
const library = await openLibrary([modelsFolder], { conditions: conditionIds });
const base = await library.find(findBase, 'diorama');
const { controlNets } = await library.list();
const edges = controlNets.find(({ bundledWith, type }) => bundledWith === base.id && type === 'canny')!;
const texts = new TextCache();

interface Drawn {
  readonly picture: RgbImage;
  readonly cpuMs: number;
}

async function draw(
  one: Case,
  { every = 1, guidance_start = 0, guidance_end = 1, token_merging = 0, deep_cache, depth = 0 }: Setting,
): Promise<Drawn> {
  const map = await mapOf(one);
  const control = {
    type: 'canny',
    model: { id: edges.id, hash: edges.hash },
    source: { kind: 'map', image: { key: '', sha256: '' }, data: null, madeWith: null },
    resize: 'stretch',
    scale: 1,
    start: 0,
    end: 1,
    every,
    mode: 'balanced',
  } as const;
  const plan = planFor(base, {
    ...guidanceWindow({ guidance_start, guidance_end }),
    ...tokenMergingOf({ token_merging }),
    ...deepCacheOf(
      { deep_cache: deep_cache === undefined ? undefined : { every: deep_cache, depth } },
      { bases: [base], loras: [], known: [] },
    ),
    prompt: one.prompt,
    width: map.width,
    height: map.height,
    steps: one.steps,
    guidanceScale: one.guidance_scale,
    scheduler: values.scheduler as SchedulerId,
    seed: one.seed,
    controls: [control],
  });
  const inputs = { map, region: null, remarks: [] };
  const work = { index: 0, plan: control, model: edges, acts: 'residuals' as const, inputs };
  const request = firstPass(plan, base, [work]);
  const { samples, decoder } = await preparedAtOnce(prepareDrawing(request, networks, texts));
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 16, workingMemory: 2 ** 30 });
  loop.join(samples);
  const before = process.cpuUsage();
  while (loop.size > 0) await loop.tick();
  const { user, system } = process.cpuUsage(before);
  const [{ pass, state }] = samples as readonly [(typeof samples)[number]];
  const data = state.latents.map((value) => value / decoder.scalingFactor);
  const picture = pictureFrom(await decoder.decode({ dims: [1, ...pass.shape], data }));
  return { picture, cpuMs: (user + system) / 1000 };
}

async function mapOf({ scene }: Case): Promise<RgbImage> {
  return await decodePicture(readFileSync(join(folder, 'scenes', `${scene}_canny.png`)));
}

function difference(a: RgbImage, b: RgbImage): number {
  return a.data.reduce((sum, value, i) => sum + Math.abs(value - b.data[i]!), 0) / a.data.length;
}

const nameOf = (setting: Setting): string =>
  Object.entries(setting)
    .map(([field, value]) => `${field} ${value}`)
    .join(', ') || 'none';

// Networks are loaded, and code is warm, before anything is measured.
for (const setting of settings) await draw(cases[0]!, setting);
const figures = settings.map(() => ({ difference: [] as number[], fidelity: [] as number[], cpuMs: 0 }));
for (const [number, one] of cases.entries()) {
  const map = await mapOf(one);
  const drawn: Drawn[] = [];
  const order = settings.map((_, index) => index);
  // Forth and back, so that no setting always comes after the same one.
  for (const index of number % 2 === 0 ? order : order.toReversed()) drawn[index] = await draw(one, settings[index]!);
  for (const [index, { picture, cpuMs }] of drawn.entries()) {
    figures[index]!.difference.push(difference(picture, drawn[0]!.picture));
    figures[index]!.fidelity.push(agreement(picture, map));
    figures[index]!.cpuMs += cpuMs;
  }
  console.error(`${number + 1} of ${cases.length}: ${drawn.map(({ cpuMs }) => cpuMs.toFixed(0)).join(' ')} ms`);
}
console.log(
  '| setting | mean difference in grey levels | largest of a picture | fidelity (F1 of edges) | processor time |',
);
console.log('| --- | --- | --- | --- | --- |');
for (const [index, figure] of figures.entries()) {
  const share = figure.cpuMs / figures[0]!.cpuMs;
  const cells = [mean(figure.difference), Math.max(...figure.difference)].map((value) => value.toFixed(1));
  console.log(
    `| ${[nameOf(settings[index]!), ...cells, mean(figure.fidelity).toFixed(3), share.toFixed(2)].join(' | ')} |`,
  );
}
await pool.release();
