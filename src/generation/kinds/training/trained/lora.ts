import { ArmatureError } from '../../../../errors.ts';
import { findLora, type LoraModel, loraMisfit } from '../../../models/lora.ts';
import { initField, type TrainedTarget, type TrainingRequest } from '../../../request/training.ts';
import { type TrainedCommon, type TrainedKindRow, wrongField, wrongInit } from './trained-kind.ts';

export interface TrainedLora extends TrainedCommon {
  readonly kind: 'lora';
  readonly condition: null;
  readonly rank: number;
  /** It acts with alpha / rank. */
  readonly alpha: number;
  /** Layers of the UNet that it stands beside. */
  readonly targets: readonly TrainedTarget[];
}

export const trainedLora: TrainedKindRow<TrainedLora> = {
  defaults: { learningRate: 1e-4, promptDropout: 0.05 },
  seesMaps: false,
  isDrawnWith: (file, name) => file === `${name}.safetensors`,
  resolve(request) {
    const { condition, rank, alpha = rank } = request;
    if (condition !== undefined) throw wrongField('condition', 'Expected no condition for a LoRA: it sees no maps.');
    return { kind: 'lora', condition: null, rank, alpha, targets: targetsOf(request) };
  },
  findInit(models, id, { rank }, base) {
    const found = findLora(models, id, initField);
    const reason = loraMisfit(base, found) ?? untrained(found, rank);
    if (reason !== null) throw wrongInit(reason);
    return found;
  },
};

/** Why a LoRA that fits cannot be trained on, as a sentence; null where nothing in its header speaks against it. */
function untrained({ id, methods, rank, words }: LoraModel, wanted: number): string | null {
  if (methods.some((method) => method !== 'LoRA'))
    return `${id} is made of ${methods.join(' and ')}: only factors of two matrices a layer are trained.`;
  if (words.length > 0)
    return `${id} brings words of its own (${words.slice(0, 3).join(', ')}), which are not trained.`;
  return rank === wanted ? null : `${id} has the rank ${rank ?? 'none'}, but ${wanted} was asked for.`;
}

/** Sets of layers that a network can have factors beside. */
const targetSets: readonly (readonly TrainedTarget[])[] = [
  ['attention'],
  ['attention', 'mlp'],
  ['attention', 'mlp', 'conv'],
];

function targetsOf({ targets }: TrainingRequest): readonly TrainedTarget[] {
  const asked = new Set(targets);
  const found = targetSets.find((set) => set.length === asked.size && set.every((one) => asked.has(one)));
  if (found !== undefined) return found;
  const choices = targetSets.map((set) => set.join(', '));
  const detail = `Expected ${choices.join('; or ')} as targets but received ${targets.join(', ')}.`;
  throw new ArmatureError('not_supported_yet', detail, { field: 'targets', choices });
}
