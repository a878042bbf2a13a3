import { ArmatureError } from '../errors.ts';
import { TorchGenerator } from '../numeric/torch-generator.ts';
import { prepareControls } from '../pipeline/controls/kinds.ts';
import type { Sample, TextContext } from '../pipeline/sample.ts';
import { createScheduler } from '../schedulers/registry.ts';
import type { ModelNetworks, OpenBase } from './model-networks.ts';
import type { DrawRequest } from './protocol.ts';
import { seedOf } from './seed.ts';
import type { TextCache } from './text-cache.ts';

export interface PreparedDrawing {
  readonly samples: readonly Sample[];
  readonly warnings: readonly string[];
}

/**
 * Everything that is done once a request: prompts to features, maps to hints, seeds to initial latents. Output i gets a
 * generator of its own, seeded with seed + i, so that it does not matter what it is drawn beside.
 */
export async function prepareDrawing(
  request: DrawRequest,
  networks: ModelNetworks,
  texts: TextCache,
): Promise<PreparedDrawing> {
  const { plan } = request;
  const base = await networks.openBase(request.base);
  const warnings: string[] = [];
  const encode = async (field: string, prompt: string, clipSkip: number): Promise<TextContext> => {
    const { ids, truncated } = base.tokenizer.tokenize(prompt);
    if (truncated > 0) {
      const detail = `${field} is longer than the text encoder reads: its last ${truncated} tokens were left out.`;
      if (plan.strict) throw new ArmatureError('prompt_too_long', detail, { field });
      warnings.push(detail);
    }
    return await texts.encode(base.key, base.networks, ids, clipSkip);
  };
  const context = await encode('prompt', plan.prompt, plan.clipSkip);
  // As in diffusers: the negative prompt is always read at the last layer, whatever clip_skip says.
  const negativeContext = plan.guidanceScale > 1 ? await encode('negative_prompt', plan.negativePrompt, 0) : context;
  const controls = await prepareControls(request.controls, networks, base.networks);
  const samples = Array.from({ length: plan.count }, (_, index) =>
    createSample(request, base, index, { context, negativeContext, controls }),
  );
  return { samples, warnings };
}

/** A sample at its beginning, or where the request's checkpoint left it. */
function createSample(
  { plan, resume }: DrawRequest,
  base: OpenBase,
  index: number,
  prepared: Pick<Sample, 'context' | 'negativeContext' | 'controls'>,
): Sample {
  const { latentChannels, latentScale } = base.networks;
  const shape = [latentChannels, plan.height / latentScale, plan.width / latentScale] as const;
  const state = resume?.samples[index];
  const generator = new TorchGenerator(state?.noise ?? seedOf(plan.seed, index));
  const noise = { draw: () => generator.randn([1, ...shape]) };
  const { schedule, samplerDefaults } = base.schedule;
  const scheduler = createScheduler(plan.scheduler, schedule, plan.steps, { ...samplerDefaults, eta: plan.eta });
  return {
    base: base.key,
    shape,
    scheduler,
    noise,
    noiseState: () => generator.save(),
    guidance: { scale: plan.guidanceScale, rescale: plan.guidanceRescale },
    ...prepared,
    state:
      state === undefined
        ? scheduler.start(noise.draw().map((value) => value * scheduler.initialNoiseSigma))
        : { evaluation: state.step, latents: state.latents, memory: state.scheduler },
  };
}
