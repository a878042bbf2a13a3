import { ArmatureError } from '../errors.ts';
import { type Conditioning, structureOf } from '../pipeline/conditioning/conditioning.ts';
import { prepareControls } from '../pipeline/controls/kinds.ts';
import { rolesOf } from '../pipeline/guidance.ts';
import { type Pass, torchNoise } from '../pipeline/pass.ts';
import { rowOf } from '../pipeline/row.ts';
import { type Sample, startSample } from '../pipeline/sample.ts';
import { createScheduler } from '../schedulers/registry.ts';
import type { ModelNetworks, OpenBase } from './model-networks.ts';
import type { DrawRequest } from './protocol.ts';
import { seedOf } from './seed.ts';
import type { TextCache } from './text-cache.ts';
import type { Role } from '../pipeline/conditioning/role.ts';

export interface PreparedDrawing {
  readonly samples: readonly Sample[];
  readonly warnings: readonly string[];
}

/**
 * Everything that is done once a request: prompts to conditionings, maps to hints, seeds to initial latents. Output i gets a
 * generator of its own, seeded with seed + i, so that it does not matter what it is drawn beside.
 */
export async function prepareDrawing(
  request: DrawRequest,
  networks: ModelNetworks,
  texts: TextCache,
): Promise<PreparedDrawing> {
  const { plan, resume } = request;
  const base = await networks.openBase(request.base);
  const warnings: string[] = [];
  const guidance = { scale: plan.guidanceScale, rescale: plan.guidanceRescale };
  const encoded: { role: Role; conditioning: Conditioning }[] = [];
  // The prompt first: what is cut of it is said before what is cut of the negative prompt.
  for (const role of rolesOf(guidance).toReversed()) {
    const { conditioning, cut } = await encodePrompt(base, texts, promptOf(role, plan));
    encoded.unshift({ role, conditioning });
    if (cut === null) continue;
    if (plan.strict) throw new ArmatureError('prompt_too_long', cut.detail, { field: cut.field });
    warnings.push(cut.detail);
  }
  const controls = await prepareControls(request.controls, networks, base.networks);
  const { latentChannels, latentScale } = base.networks;
  const shape = [latentChannels, plan.height / latentScale, plan.width / latentScale] as const;
  const { schedule, samplerDefaults } = base.schedule;
  const pass: Pass = {
    base: base.key,
    shape,
    scheduler: createScheduler(plan.scheduler, schedule, plan.steps, { ...samplerDefaults, eta: plan.eta }),
    guidance,
    rows: encoded.map(({ role, conditioning }) => rowOf(role, conditioning, controls)),
    structure: structureOf(encoded.map(({ conditioning }) => conditioning)),
    noiseFrom: torchNoise(shape),
  };
  const samples = Array.from({ length: plan.count }, (_, index) => {
    const kept = resume?.samples[index];
    if (kept === undefined) return startSample(pass, seedOf(plan.seed, index));
    const { step, latents, scheduler, noise } = kept;
    return { pass, state: { evaluation: step, latents, memory: scheduler, noise } };
  });
  return { samples, warnings };
}

interface Prompt {
  readonly field: string;
  readonly text: string;
  readonly clipSkip: number;
}

/** What a row of this role is told. As in diffusers the negative prompt is always read at the last layer, whatever clip_skip says. */
function promptOf(role: Role, plan: DrawRequest['plan']): Prompt {
  return role === 'prompt'
    ? { field: 'prompt', text: plan.prompt, clipSkip: plan.clipSkip }
    : { field: 'negative_prompt', text: plan.negativePrompt, clipSkip: 0 };
}

interface EncodedPrompt {
  readonly conditioning: Conditioning;
  /** What was left out because an encoder does not read that far; null where nothing was. */
  readonly cut: { readonly field: string; readonly detail: string } | null;
}

async function encodePrompt(
  base: OpenBase,
  texts: TextCache,
  { field, text, clipSkip }: Prompt,
): Promise<EncodedPrompt> {
  let conditioning: Conditioning = {};
  let most = 0;
  for (const encoder of base.encoders) {
    const { ids, truncated } = encoder.tokenizer.tokenize(text);
    most = Math.max(most, truncated);
    conditioning = { ...conditioning, ...(await texts.encode(encoder, ids, clipSkip)) };
  }
  const detail = `${field} is longer than the text encoder reads: its last ${most} tokens were left out.`;
  return { conditioning, cut: most > 0 ? { field, detail } : null };
}
