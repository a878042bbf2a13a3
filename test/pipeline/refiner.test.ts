import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { baseNetworks } from '../../src/device/pooled-networks.ts';
import { textNetwork } from '../../src/device/text-network.ts';
import { type RowsAndColumns, sizeIds, usualScores } from '../../src/generation/picture-sizes.ts';
import { withSizeIds } from '../../src/pipeline/conditioning/added.ts';
import { throughout } from '../../src/pipeline/conditioning/conditioning.ts';
import { textEncoder } from '../../src/pipeline/conditioning/prompt-encoder.ts';
import { type DrawnOver } from '../../src/pipeline/drawn-over.ts';
import { rolesOf } from '../../src/generation/row-roles.ts';
import { type Pass, torchNoise } from '../../src/pipeline/pass.ts';
import { tensorFrom } from '../../src/pipeline/pixels.ts';
import { rowOf } from '../../src/pipeline/row.ts';
import { startSample } from '../../src/pipeline/sample.ts';
import { loadTokenizer } from '../../src/pipeline/tokenizer/load-tokenizer.ts';
import { TorchGenerator } from '../../src/numeric/torch-generator.ts';
import { SessionPool } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { describeGolden } from '../support/describe-golden.ts';
import { floats, goldenArrays, goldenJson, maxAbsDifference } from '../support/golden.ts';
import { makeRefinerFolder } from '../support/refiner-folder.ts';
import { samplerOf } from '../support/schedulers.ts';
import { drawTogether } from './golden-drawing.ts';

interface Case {
  readonly name: string;
  readonly unet: string;
  readonly scheduler: readonly [string, Record<string, unknown>];
  readonly args: {
    readonly prompt: string;
    readonly negative_prompt: string;
    readonly num_inference_steps: number;
    readonly guidance_scale: number;
    readonly generator: number;
    readonly strength?: number;
    readonly denoising_start?: number;
    readonly aesthetic_score?: number;
    readonly negative_aesthetic_score?: number;
    readonly original_size?: RowsAndColumns;
    readonly crops_coords_top_left?: RowsAndColumns;
  };
}

const folder = mkdtempSync(join(tmpdir(), 'armature-refiner-'));
const pool = new SessionPool({ provider: 'cpu', deviceId: 0, threads: 2 }, 2 ** 30);
beforeAll(() => makeRefinerFolder(folder));
afterAll(async () => {
  await pool.release();
  rmSync(folder, { recursive: true });
});

describeGolden(['adapters', 'sdxl_extra'], () => {
  const { cases } = goldenJson<{ readonly cases: readonly Case[] }>('adapters', 'sdxl_extra', 'pipelines.json');
  const photo = goldenArrays('pipelines', 'inputs.safetensors').get('photo')!;
  const [height = 0, width = 0] = photo.dims;
  const size = { width, height };

  async function open() {
    const checkpoint = await openBaseCheckpoint(folder);
    const [part] = checkpoint.textEncoders;
    const encoder = textEncoder(
      part.name,
      textNetwork(pool, 'refiner', part),
      await loadTokenizer(part.tokenizer.folder!),
    );
    return { base: baseNetworks(pool, 'refiner', checkpoint), encoder, count: checkpoint.textEncoders.length };
  }

  describe('pictures that a refiner of SDXL draws with diffusers', () => {
    it.each(cases.filter(({ unet }) => unet === 'refiner-unet'))('$name', async ({ name, args, scheduler }) => {
      const expected = goldenArrays('adapters', 'sdxl_extra', `${name}.safetensors`);
      const { base, encoder, count } = await open();
      expect(count).toBe(1);
      const original = args.original_size ?? null;
      const sizes = {
        prompt: { original, crop: args.crops_coords_top_left ?? ([0, 0] as const), target: null },
        // diffusers tells a refiner of no crop there, where none is given for the negative prompt.
        negative: { original, crop: [0, 0] as const, target: null },
      };
      const scores = {
        prompt: args.aesthetic_score ?? usualScores.prompt,
        negative: args.negative_aesthetic_score ?? usualScores.negative,
      };
      const texts = { prompt: args.prompt, negative: args.negative_prompt };
      const guidance = { scale: args.guidance_scale, rescale: 0 };
      const rows = await Promise.all(
        rolesOf(guidance).map(async (asked) => {
          const role = asked === 'prompt' ? 'prompt' : 'negative';
          const meant = await encoder.encode(encoder.tokenizer.tokenize(texts[role]).ids, 0);
          const told = withSizeIds(meant, sizeIds(sizes[role], size, scores[role]));
          return rowOf({ role, weight: 1, conditionings: throughout(told) }, []);
        }),
      );
      const shape = [base.latentChannels, size.height / base.latentScale, size.width / base.latentScale] as const;
      const { strength = 1, denoising_start: start } = args;
      const cut = start === undefined ? { strength } : { strength, below: Math.round(1000 - start * 1000) };
      const encoded = async (): Promise<DrawnOver> => {
        const { mean, logvar } = await base.encode(tensorFrom({ ...size, data: photo.data as Uint8Array }));
        return { mean: mean.data, logvar: logvar.data, scalingFactor: base.scalingFactor, repaint: null };
      };
      const pass: Pass = {
        base: 'refiner',
        shape,
        scheduler: samplerOf(...scheduler, args.num_inference_steps, {}, cut),
        guidance,
        rows,
        over: start === undefined ? await encoded() : null,
        structure: '',
        branches: [],
        noiseFrom: torchNoise(shape, null),
      };
      const noise = new TorchGenerator(args.generator).save();
      const taken = start === undefined ? null : { latents: floats(expected, 'input_latents'), noise };
      const sample = startSample(pass, { seed: args.generator }, taken);
      expect(maxAbsDifference(sample.state.latents, floats(expected, 'initial_latents'))).toBeLessThanOrEqual(1e-5);
      await drawTogether({ base, meaning: async () => await Promise.resolve({}) }, [sample]);
      const latents = floats(expected, 'final_latents');
      const largest = latents.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      expect(maxAbsDifference(sample.state.latents, latents)).toBeLessThanOrEqual(1e-4 * largest);
    });
  });
});
