import type { Tensor } from '../../../src/numeric/tensor.ts';
import type {
  ControlNetworks,
  DenoiserInput,
  NetworkSource,
  PictureNetworks,
} from '../../../src/pipeline/networks/networks.ts';

/**
 * Networks small enough to be computed by hand: the prediction is sample/2 + context + timestep/1000 + the residual of
 * point 0, of the context the mean over its tokens; a ControlNet's residual is hint * scale * (1 + timestep/1000).
 */
export class AnalyticNetworks implements NetworkSource {
  readonly batches: number[] = [];
  readonly controlBatches: { readonly network: string; readonly rows: number }[] = [];
  failAbove = Number.POSITIVE_INFINITY;
  /** Called before each evaluation. */
  before = (_network: string): void => {};
  /** Milliseconds until a network can run. */
  reloadMs = (_network: string): number => 0;
  /** LoRAs on each row of each evaluation. */
  readonly branches: (readonly (readonly string[])[])[] = [];

  base(key: string): PictureNetworks {
    return {
      reloadMs: (branches, { imagePrompts }) => this.reloadMs(variantOf(key, branches.length > 0, imagePrompts > 0)),
      latentChannels: 1,
      task: 'drawing',
      latentScale: 8,
      key: 'none',
      scalingFactor: 1,
      injectionPoints: 2,
      featurePlaces: 1,
      rowBytes: (height, width) => 100 * height * width,
      residualBytes: (height, width) => 8 * height * width,
      deepBytes: () => 0,
      denoiseCut: async () => await Promise.reject(new Error('nothing is cut here')),
      encode: async () => await Promise.reject(new Error('no picture here')),
      decode: async (latents) => await Promise.resolve(latents),
      denoise: async (input, { residuals, imageTokens }, branches) => {
        this.before(variantOf(key, branches.flat().length > 0, imageTokens.length > 0));
        this.branches.push(branches.map((own) => own.map(({ lora }) => lora)));
        return await Promise.resolve(this.#denoise(input, residuals));
      },
    };
  }

  control(network: string): ControlNetworks {
    return {
      pooled: false,
      reloadMs: () => this.reloadMs(network),
      encodeHint: async (image) => await Promise.resolve(image),
      residuals: async (input, hint, scale) => {
        this.before(network);
        this.controlBatches.push({ network, rows: input.timestep.data.length });
        return await Promise.resolve([0, 1].map((point) => residual(input, hint, scale, point)));
      },
    };
  }

  #denoise({ sample, timestep, conditioning }: DenoiserInput, residuals: readonly Tensor[]): Tensor {
    const rows = timestep.data.length;
    const context = meansOf(conditioning['context']!);
    if (rows > this.failAbove) throw new Error(`${rows} rows are too many`);
    this.batches.push(rows);
    const cells = sample.data.length / rows;
    const data = sample.data.map((value, i) => {
      const r = Math.floor(i / cells);
      const first = residuals[0]?.data ?? [];
      return (
        value / 2 + (context[r] ?? 0) + (timestep.data[r] ?? 0) / 1000 + (first.length === 1 ? 0 : (first[i] ?? 0))
      );
    });
    return { dims: sample.dims, data };
  }
}

function variantOf(key: string, branches: boolean, pictures: boolean): string {
  return [key, ...(branches ? ['with branches'] : []), ...(pictures ? ['with pictures'] : [])].join(' ');
}

function meansOf({ dims: [rows = 0], data }: Tensor): readonly number[] {
  const length = data.length / rows;
  return Array.from({ length: rows }, (_, r) => {
    return data.subarray(r * length, (r + 1) * length).reduce((sum, value) => sum + value, 0) / length;
  });
}

function residual({ sample, timestep }: DenoiserInput, hint: Tensor, scale: Tensor, point: number): Tensor {
  const cells = hint.data.length / timestep.data.length;
  const data = hint.data.map((value, i) => {
    const r = Math.floor(i / cells);
    return value * (scale.data[2 * r + point] ?? 0) * (1 + (timestep.data[r] ?? 0) / 1000);
  });
  return { dims: sample.dims, data };
}

/** Networks of which one base, with or without its ControlNet, fits into memory; time passes with what they do. */
export class TightNetworks extends AnalyticNetworks {
  time = 0;
  loads = 0;
  readonly #loadMs: Readonly<Record<string, number>>;
  readonly #evaluationMs: number;
  readonly #known = new Set<string>();
  #loaded = '';

  constructor(loadMs: Readonly<Record<string, number>>, evaluationMs: number) {
    super();
    this.#loadMs = loadMs;
    this.#evaluationMs = evaluationMs;
  }

  override reloadMs = (network: string): number =>
    network === this.#loaded || !this.#known.has(network) ? 0 : (this.#loadMs[network] ?? 0);

  override before = (network: string): void => {
    if (network !== this.#loaded) {
      this.time += this.#loadMs[network] ?? 0;
      this.loads++;
    }
    this.#loaded = network;
    this.#known.add(network);
    this.time += this.#evaluationMs;
  };
}
