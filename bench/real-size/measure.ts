import { join } from 'node:path';
import {
  buildControlNet,
  buildHintEncoder,
  buildTextEncoder,
  buildUNet,
  buildVaeDecoder,
  injectionPoints,
  type OnnxModel,
} from '../../src/graph/compiler/index.ts';
import { elementCount, type Tensor } from '../../src/numeric/tensor.ts';
import { createSession, type Feeds, type NetworkSession } from '../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { openLoraFile } from '../../src/weights/lora/lora-file.ts';
import { loraTargets } from '../../src/weights/lora/lora-targets.ts';
import { matchLora } from '../../src/weights/lora/match-lora.ts';
import { type AppliedDeltas, mergedPart } from '../../src/weights/lora/merged-part.ts';
import { loraPath, oneRank, threeRanks } from './make-loras.ts';

export const parts = [
  'text-encoder',
  'unet',
  'unet+lora',
  'unet+loras',
  'unet+controlnet',
  'hint-encoder',
  'vae-decoder',
] as const;
export type Part = (typeof parts)[number];

export interface Settings {
  readonly folder: string;
  readonly threads: number;
  readonly runs: number;
  /** Width and height in pixels of what SDXL draws. */
  readonly size: number;
}

/** 512x512 pixels, the two halves of classifier-free guidance. */
const rows = 2;
const latent = 64;

/** Prints times and memory of one part. */
export async function measure(part: Part, settings: Settings): Promise<void> {
  const started = performance.now();
  const checkpoint = await openBaseCheckpoint(settings.folder);
  const { controlnet } = await openControlNetCheckpoint(join(settings.folder, 'controlnet'));
  const opened = performance.now() - started;
  const load = async (label: string, build: () => OnnxModel): Promise<NetworkSession> => {
    const start = performance.now();
    const before = process.cpuUsage();
    const model = build();
    const compiled = performance.now() - start;
    const session = await createSession(model, { provider: 'cpu', deviceId: 0, threads: settings.threads });
    const loaded = performance.now() - start - compiled;
    const { user, system } = process.cpuUsage(before);
    console.log(
      `${label}: ${(model.parameters / 1e6).toFixed(0)} M weights, headers read in ${seconds(opened)}, compiled in ${seconds(compiled)} (${(model.bytes.length / 1e3).toFixed(0)} kB), loaded in ${seconds(loaded)} (${seconds((user + system) / 1000)} of processor time)`,
    );
    return session;
  };
  const mergedUNet = async (ranks: readonly number[]): Promise<() => Promise<readonly Tensor[]>> => {
    const applied: AppliedDeltas[] = [];
    for (const rank of ranks) {
      const lora = await openLoraFile(loraPath(settings.folder, rank));
      const { deltas } = await matchLora(lora, loraTargets(checkpoint), 'the checkpoint');
      applied.push({ folder: lora.file.folder, deltas: deltas.unet, scale: 0.01 });
    }
    const label = `UNet with LoRAs of rank ${ranks.join(', ')}`;
    const session = await load(label, () => buildUNet(mergedPart(checkpoint.unet, applied)));
    return () => outputs(session, { ...denoising(), ...noResiduals(injectionPoints(checkpoint.unet.config).length) });
  };
  const work: Record<Part, () => Promise<() => Promise<readonly Tensor[]>>> = {
    'text-encoder': async () => {
      const session = await load('text encoder', () => buildTextEncoder(checkpoint.textEncoders[0]));
      const ids = { dims: [rows, 77], data: new Int32Array(rows * 77).fill(320) };
      return () => outputs(session, { input_ids: ids });
    },
    unet: async () => {
      const session = await load('UNet', () => buildUNet(checkpoint.unet));
      return () => outputs(session, { ...denoising(), ...noResiduals(injectionPoints(checkpoint.unet.config).length) });
    },
    'unet+lora': async () => await mergedUNet(oneRank),
    'unet+loras': async () => await mergedUNet(threeRanks),
    'unet+controlnet': async () => {
      const unet = await load('UNet', () => buildUNet(checkpoint.unet));
      const control = await load('ControlNet', () => buildControlNet(controlnet));
      const count = injectionPoints(controlnet.config).length;
      const hint = random([rows, checkpoint.unet.config.blockChannels[0] ?? 0, latent, latent]);
      const scale = { dims: [rows, count], data: new Float32Array(rows * count).fill(0.1) };
      return async () => {
        const residuals = await control.run({ ...denoising(), hint, scale });
        return outputs(unet, { ...denoising(), ...residuals });
      };
    },
    'hint-encoder': async () => {
      const session = await load('hint encoder', () => buildHintEncoder(controlnet));
      return () => outputs(session, { image: random([1, 3, 8 * latent, 8 * latent]) });
    },
    'vae-decoder': async () => {
      const session = await load('VAE decoder', () => buildVaeDecoder(checkpoint.vae));
      return () => outputs(session, { latent: random([1, 4, latent, latent]) });
    },
  };
  await report(part, await work[part](), settings.runs);
}

/** Prints the times of a number of runs and the memory of the process. */
export async function report(part: string, run: () => Promise<readonly Tensor[]>, runs: number): Promise<void> {
  const resident = process.memoryUsage().rss;
  const times: number[] = [];
  const busy: number[] = [];
  for (let i = 0; i <= runs; i++) {
    const start = performance.now();
    const before = process.cpuUsage();
    const results = await run();
    times.push(performance.now() - start);
    const { user, system } = process.cpuUsage(before);
    busy.push((user + system) / 1000);
    for (const { data } of results) {
      if (!data.every(Number.isFinite)) throw new Error(`${part} gave values that are not finite`);
    }
  }
  const warm = times.slice(1).toSorted((a, b) => a - b);
  const peak = process.resourceUsage().maxRSS * 1024;
  console.log(
    `${part}: first run ${seconds(times[0] as number)}, then best ${seconds(warm[0] as number)}, median ${seconds(warm[Math.floor(warm.length / 2)] as number)} (at least ${seconds(Math.min(...busy))} of processor time); memory ${gigabytes(resident)} loaded, ${gigabytes(peak)} at its peak`,
  );
}

async function outputs(session: NetworkSession, feeds: Feeds): Promise<readonly Tensor[]> {
  return Object.values(await session.run(feeds));
}

function denoising(): Feeds {
  return {
    sample: random([rows, 4, latent, latent]),
    timestep: { dims: [rows], data: Float32Array.of(801, 801) },
    encoder_hidden_states: random([rows, 77, 768]),
  };
}

export function noResiduals(count: number): Feeds {
  const none = { dims: [1, 1, 1, 1], data: new Float32Array(1) };
  return Object.fromEntries(Array.from({ length: count }, (_, index) => [`residual.${index}`, none]));
}

/** Values of a fixed pattern between -1 and 1. */
export function random(dims: readonly number[]): Tensor {
  return { dims, data: Float32Array.from({ length: elementCount(dims) }, (_, i) => Math.sin(12.9898 * i + 78.233)) };
}

export function seconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(2)} s`;
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(2)} GB`;
}
