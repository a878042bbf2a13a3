import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { baseNetworks } from '../../src/device/pooled-networks.ts';
import { textNetwork } from '../../src/device/text-network.ts';
import { sizeIds } from '../../src/generation/picture-sizes.ts';
import { buildUNet, injectionPoints } from '../../src/graph/compiler/index.ts';
import { besideEachOther, withSizeIds } from '../../src/pipeline/conditioning/added.ts';
import { type Conditioning, throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { textEncoder } from '../../src/pipeline/conditioning/prompt-encoder.ts';
import { splitNetworks } from '../../src/pipeline/controls/split-networks.ts';
import { DenoiseLoop } from '../../src/pipeline/denoise-loop.ts';
import { rolesOf } from '../../src/generation/row-roles.ts';
import type { Guidance } from '../../src/pipeline/guidance.ts';
import type { PictureNetworks } from '../../src/pipeline/networks/networks.ts';
import { type Pass, torchNoise } from '../../src/pipeline/pass.ts';
import { tensorFrom } from '../../src/pipeline/pixels.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { type Sample, startSample } from '../../src/pipeline/sample.ts';
import { loadTokenizer } from '../../src/pipeline/tokenizer/load-tokenizer.ts';
import { latentMask } from '../../src/pixels/latent-mask.ts';
import type { LevelMap } from '../../src/pixels/level-map.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { type BaseCheckpoint, openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { runOnce } from '../graph/golden-model.ts';
import { floats, goldenArrays, goldenJson, goldenPath, maxAbsDifference } from '../support/golden.ts';
import { samplerOf } from '../support/schedulers.ts';
import { inputPicture, largestOf } from './golden-drawing.ts';
import { shownOf } from './shown-of.ts';

interface Case {
  readonly name: string;
  /** Absent in the references of SDXL, whose README says it. */
  readonly model?: string;
  readonly unet: string;
  readonly pipeline: string;
  readonly scheduler: readonly [string, Record<string, unknown>];
  readonly timesteps: readonly number[];
  readonly args: {
    readonly prompt: string;
    readonly negative_prompt: string;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
    readonly image_guidance_scale?: number;
    readonly strength?: number;
    readonly image: string;
    readonly mask_image?: string;
    readonly generator: number;
  };
}

const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 2 }, 2 ** 30);
const folders: string[] = [];
afterAll(async () => {
  await pool.release();
  for (const folder of folders) await rm(folder, { recursive: true });
});

/** A checkpoint of the references with the UNet of an adapter's folder in the place of its own. */
async function checkpointWith(model: string, folder: string, unet: string): Promise<BaseCheckpoint> {
  const path = await mkdtemp(join(tmpdir(), 'armature-editing-'));
  folders.push(path);
  await cp(goldenPath('models', model), path, { recursive: true });
  await cp(goldenPath('adapters', folder, unet), join(path, 'unet'), { recursive: true, force: true });
  return await openBaseCheckpoint(path);
}

function maskPicture(name: string): LevelMap {
  const array = goldenArrays('pipelines', 'inputs.safetensors').get(name.slice(1));
  if (array?.dtype !== 'U8') throw new Error(`There is no mask ${name} among the inputs`);
  const [height = 0, width = 0] = array.dims;
  return { width, height, levels: array.data };
}

async function meaningOf(
  checkpoint: BaseCheckpoint,
  key: string,
  text: string,
  size: { readonly width: number; readonly height: number },
): Promise<Conditioning> {
  const meant = checkpoint.textEncoders.map(async (part) => {
    const tokenizer = await loadTokenizer(part.tokenizer.folder ?? '');
    return await textEncoder(part.name, textNetwork(pool, key, part), tokenizer).encode(
      tokenizer.tokenize(text).ids,
      0,
    );
  });
  const together = besideEachOther(await Promise.all(meant));
  if (checkpoint.unet.config.added === null) return together;
  return withSizeIds(together, sizeIds({ original: null, crop: [0, 0], target: null }, size));
}

async function sampleOf({ name, scheduler, args }: Case, base: PictureNetworks, checkpoint: BaseCheckpoint) {
  const picture = inputPicture(args.image);
  const guidance: Guidance = {
    scale: args.guidance_scale,
    rescale: 0,
    picture: args.image_guidance_scale ?? null,
  };
  const prompt = await meaningOf(checkpoint, name, args.prompt, picture);
  const negative = await meaningOf(checkpoint, name, args.negative_prompt, picture);
  const mask = args.mask_image === undefined ? null : maskPicture(args.mask_image);
  const { mean, logvar } = await base.encode(tensorFrom(picture));
  const [, channels = 0, height = 0, width = 0] = mean.dims;
  const shape = [channels, height, width] as const;
  const repaint =
    mask === null
      ? null
      : { mask: latentMask(mask, { width, height }, 'nearest'), mode: 'hard' as const, fill: 'original' as const };
  const strength = args.strength ?? 1;
  const pass: Pass = {
    base: name,
    shape,
    scheduler: samplerOf(...scheduler, args.num_inference_steps, {}, { strength }),
    guidance,
    rows: rolesOf(guidance).map((role) =>
      rowOf({ role, weight: 1, conditionings: throughout(role === 'prompt' ? prompt : negative) }, []),
    ),
    over:
      base.task === 'editing'
        ? null
        : {
            mean: mean.data,
            logvar: logvar.data,
            scalingFactor: base.scalingFactor,
            repaint: repaint === null ? null : { ...repaint, fill: strength === 1 ? null : repaint.fill },
          },
    shown: await shownOf(base, picture, mask),
    structure: '',
    branches: [],
    noiseFrom: torchNoise(shape, null),
  };
  return startSample(pass, { seed: args.generator });
}

async function draw(samples: readonly Sample[], base: PictureNetworks): Promise<void> {
  const networks = {
    base: () => base,
    control: () => {
      throw new Error('There is no ControlNet here');
    },
  };
  const loop = new DenoiseLoop(splitNetworks(networks), { maxRows: 64, workingMemory: 2 ** 30 });
  loop.join(samples);
  while (loop.size > 0) await loop.tick();
}

for (const [folder, model, task] of [
  ['pix2pix', null, 'editing'],
  ['sdxl_extra', 'sdxl-tiny', 'inpainting'],
] as const) {
  // Another set of references may be made without it.
  if (!existsSync(goldenPath('adapters', folder, 'pipelines.json'))) continue;
  const { cases } = goldenJson<{ cases: readonly Case[] }>('adapters', folder, 'pipelines.json');
  const own = cases.filter(({ pipeline }) => /Inpaint|InstructPix2Pix/.test(pipeline));

  describe(`pictures that diffusers draws with the networks of ${folder}`, () => {
    it.each(own)('$name', async (one) => {
      const checkpoint = await checkpointWith(one.model ?? model ?? '', folder, one.unet);
      const base = baseNetworks(pool, one.name, checkpoint);
      expect(base.task).toBe(task);
      const expected = goldenArrays('adapters', folder, `${one.name}.safetensors`);
      const latents = (name: string): Float32Array => floats(expected, name);
      const sample = await sampleOf(one, base, checkpoint);
      expect(sample.pass.scheduler.evaluations.map(({ timestep }) => Math.round(timestep))).toEqual(
        one.timesteps.map(Math.round),
      );
      expect(maxAbsDifference(sample.state.latents, latents('initial_latents'))).toBeLessThanOrEqual(
        1e-5 * Math.max(1, largestOf(latents('initial_latents'))),
      );
      await draw([sample], base);
      const final = latents('final_latents');
      expect(maxAbsDifference(sample.state.latents, final)).toBeLessThanOrEqual(1e-4 * largestOf(final));
    });
  });
}

const extra = 'sdxl_extra';
describe.skipIf(!existsSync(goldenPath('adapters', extra, 'inpaint-unet')))('the inpainting UNet of SDXL', () => {
  it('computes what diffusers does', async () => {
    const { unet } = await checkpointWith('sdxl-tiny', extra, 'inpaint-unet');
    const arrays = goldenArrays('adapters', extra, 'golden.safetensors');
    const given = (name: string) => {
      const { dims, data } = arrays.get(`inpaint/${name}`)!;
      return { dims, data: Float32Array.from(data as ArrayLike<number>, Number) };
    };
    const none = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
    const inputs = ['sample', 'timestep', 'encoder_hidden_states', 'text_embeds', 'time_ids'];
    const { out } = await runOnce(buildUNet(unet), {
      ...Object.fromEntries(inputs.map((name) => [name, given(name)])),
      ...Object.fromEntries(injectionPoints(unet.config).map((_, point) => [`residual.${point}`, none])),
    });
    expect(maxAbsDifference(out!.data, given('out').data)).toBeLessThanOrEqual(5e-5);
  });
});
