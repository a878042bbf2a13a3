import { baseNetworks } from '../../src/device/pooled-networks.ts';
import { textNetwork } from '../../src/device/text-network.ts';
import { sizeIds } from '../../src/generation/picture-sizes.ts';
import { besideEachOther, ofNoText, withSizeIds } from '../../src/pipeline/conditioning/added.ts';
import { type Conditioning, throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { textEncoder } from '../../src/pipeline/conditioning/prompt-encoder.ts';
import type { SampleControl } from '../../src/pipeline/controls/sample-control.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import { rolesOf, type TextRole } from '../../src/generation/row-roles.ts';
import type { ControlNetworks, PictureNetworks } from '../../src/pipeline/networks/networks.ts';
import { type Pass, torchNoise } from '../../src/pipeline/pass.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { type Sample, startSample } from '../../src/pipeline/sample.ts';
import { loadTokenizer } from '../../src/pipeline/tokenizer/load-tokenizer.ts';
import type { RgbImage } from '../../src/pixels/rgb-image.ts';
import type { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { goldenArrays, goldenJson, goldenPath } from '../support/golden.ts';
import { samplerOf } from '../support/schedulers.ts';

/** A case of one picture from noise, as the references of adapters have it. */
export interface DrawingCase {
  readonly name: string;
  readonly model: string;
  readonly scheduler: readonly [string, Record<string, unknown>];
  readonly args: {
    readonly prompt: string;
    readonly negative_prompt?: string | null;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
    readonly height: number;
    readonly width: number;
    readonly generator: number;
  };
}

export interface GoldenBase {
  readonly base: PictureNetworks;
  /** What a prompt means at a size; null: there is none. */
  readonly meaning: (
    role: TextRole,
    prompt: string | null,
    size: { width: number; height: number },
  ) => Promise<Conditioning>;
}

export async function openGoldenBase(pool: SessionPool, model: string): Promise<GoldenBase> {
  const checkpoint = await openBaseCheckpoint(goldenPath('models', model));
  const encoders = await Promise.all(
    checkpoint.textEncoders.map(async (part, index) => {
      const tokenizer = await loadTokenizer(part.tokenizer.folder ?? '');
      return textEncoder(part.name, textNetwork(pool, model, part), tokenizer, index === 0 ? 'prompt' : 'prompt_2');
    }),
  );
  const index = goldenJson<{ readonly force_zeros_for_empty_prompt?: boolean }>('models', model, 'model_index.json');
  return {
    base: baseNetworks(pool, model, checkpoint),
    async meaning(role, prompt, size) {
      const meant = encoders.map(
        async (encoder) => await encoder.encode(encoder.tokenizer.tokenize(prompt ?? '').ids, 0),
      );
      const together = besideEachOther(await Promise.all(meant));
      if (checkpoint.unet.config.added === null) return together;
      const isNone = role === 'negative' && prompt === null && index.force_zeros_for_empty_prompt !== false;
      return withSizeIds(
        isNone ? ofNoText(together) : together,
        sizeIds({ original: null, crop: [0, 0], target: null }, size),
      );
    },
  };
}

/** The sample of a case under these controls. */
export async function sampleOf(
  { model, scheduler, args }: DrawingCase,
  { base, meaning }: GoldenBase,
  controls: readonly SampleControl[],
): Promise<Sample> {
  const guidance = { scale: args.guidance_scale, rescale: 0 };
  const shape = [base.latentChannels, args.height / base.latentScale, args.width / base.latentScale] as const;
  const told = {
    prompt: await meaning('prompt', args.prompt, args),
    negative: await meaning('negative', args.negative_prompt ?? null, args),
  };
  const pass: Pass = {
    base: model,
    shape,
    scheduler: samplerOf(...scheduler, args.num_inference_steps, {}),
    guidance,
    rows: rolesOf(guidance).map((role) =>
      rowOf({ role, weight: 1, conditionings: throughout(told[role === 'prompt' ? role : 'negative']) }, controls),
    ),
    over: null,
    structure: '',
    branches: [],
    noiseFrom: torchNoise(shape, null),
  };
  return startSample(pass, { seed: args.generator });
}

/** Draws samples of one model together, to the end. */
export async function drawTogether(
  { base }: GoldenBase,
  samples: readonly Sample[],
  control: (key: string) => ControlNetworks = () => {
    throw new Error('There is no ControlNet here');
  },
): Promise<void> {
  const loop = new DenoiseLoop(splitNetworks({ base: () => base, control }), { maxRows: 64, workingMemory: 2 ** 30 });
  loop.join(samples);
  while (loop.size > 0) await loop.tick();
}

/** A picture of pipelines/inputs.safetensors; what comes behind its name is left out. */
export function inputPicture(name: string): RgbImage {
  const array = goldenArrays('pipelines', 'inputs.safetensors').get(/@(\w+)/.exec(name)?.[1] ?? '');
  if (array?.dtype !== 'U8') throw new Error(`There is no picture ${name} among the inputs`);
  const [height = 0, width = 0] = array.dims;
  return { width, height, data: array.data };
}

export function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}
