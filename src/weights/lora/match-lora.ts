import { ArmatureError } from '../../errors.ts';
import { type Delta, lowRankOf } from '../../graph/delta.ts';
import type { Weights } from '../../graph/weights.ts';
import { readNumbers } from '../safetensors/safetensors.ts';
import type { LoraFile, LoraModule } from './lora-file.ts';
import { scalesOf } from './lora-scales.ts';
import { biasDelta, type FittedDelta, type ModuleWork, weightDelta } from './module-deltas.ts';
import { moduleNames, type ModuleNames } from './module-names.ts';

/** The networks of a base model that an adapter may change. */
export type LoraTarget = 'unet' | 'text' | 'text_2';

/** Weights of each network of a base model. */
export type LoraTargets = Readonly<Partial<Record<LoraTarget, Weights>>>;

/** What an adapter does to the networks of one base model. */
export interface MatchedLora {
  /** By network and weight. */
  readonly deltas: Readonly<Record<LoraTarget, ReadonlyMap<string, FittedDelta>>>;
  /** Layers that it changes. */
  readonly matched: number;
  /** What it would change of layers that the model does not have, and tensors that are nothing known, as the file calls them. */
  readonly unmatched: readonly string[];
  /** Whether all of it can run beside the layers instead of being merged. */
  readonly lowRank: boolean;
}

/**
 * Finds the layers that an adapter changes in a base model. Throws `incompatible_lora` where it changes none, and where the shape of
 * one is another. `base` is what messages call the model. Reads single numbers, and no factors.
 */
export async function matchLora(lora: LoraFile, targets: LoraTargets, base: string): Promise<MatchedLora> {
  const read = await readNumbers(
    lora.file,
    lora.modules.flatMap(({ numbers }) => [...numbers.values()]),
  );
  const scaleOf = scalesOf(lora);
  const deltas: Record<LoraTarget, Map<string, FittedDelta>> = { unet: new Map(), text: new Map(), text_2: new Map() };
  const unmatched: string[] = [...lora.strangers];
  let matched = 0;
  for (const module of lora.modules) {
    const place = findLayer(module, targets);
    const numberOf = (part: 'alpha' | 'on_input'): number | null => {
      const tensor = module.numbers.get(part) ?? '';
      const value = read.get(tensor) ?? null;
      if (value === null || Number.isFinite(value)) return value;
      throw new ArmatureError(
        'model_invalid',
        `Expected a number as ${tensor} in ${lora.file.name} but received ${value}.`,
      );
    };
    const alpha = numberOf('alpha');
    const work = (shape: readonly number[], layer: string): ModuleWork => ({
      module,
      file: lora.file.name,
      layer,
      shape,
      alpha,
      onInput: (numberOf('on_input') ?? 0) !== 0,
      scaleOf: (rank) => scaleOf(module, rank, alpha),
    });
    const found = place === null ? [] : layerDeltas(place, work);
    for (const [weight, delta] of found) {
      if (place === null) continue;
      if (deltas[place.target].has(weight)) throw sameLayer(lora.file.name, weight);
      deltas[place.target].set(weight, delta);
    }
    if (found.length > 0) matched++;
    else unmatched.push(`${module.network === 'any' ? '' : `${module.network}: `}${module.name}`);
  }
  if (matched === 0) throw none(lora, base);
  const all = Object.values(deltas).flatMap((of) => [...of]);
  return { deltas, matched, unmatched, lowRank: all.every(([weight, { delta }]) => canBranch(weight, delta)) };
}

/** Tables of embeddings are looked up, and have no layer that a branch could stand beside. */
function canBranch(weight: string, delta: Delta): boolean {
  return lowRankOf(delta) !== null && !/(?:token|position)_embedding\.weight$/.test(weight);
}

interface Layer {
  readonly target: LoraTarget;
  readonly weights: Weights;
  readonly name: string;
}

/** Names are made once for each network of each model. */
const known = new WeakMap<Weights, ModuleNames>();

function namesOf(weights: Weights, target: LoraTarget): ModuleNames {
  const names = known.get(weights) ?? moduleNames(weights, target === 'unet' ? 'unet' : 'text');
  known.set(weights, names);
  return names;
}

function findLayer({ network, name }: LoraModule, targets: LoraTargets): Layer | null {
  const places: readonly LoraTarget[] = network === 'any' ? ['unet', 'text', 'text_2'] : [network];
  for (const target of places) {
    const weights = targets[target];
    const layer = weights === undefined ? undefined : namesOf(weights, target).get(name);
    if (weights !== undefined && layer !== undefined) return { target, weights, name: layer };
  }
  return null;
}

/** What a module does to the weight and the bias of its layer; nothing where it would change one that the layer does not have. */
function layerDeltas(
  { weights, name }: Layer,
  work: (shape: readonly number[], layer: string) => ModuleWork,
): readonly (readonly [string, FittedDelta])[] {
  const found: (readonly [string, FittedDelta])[] = [];
  for (const [kind, deltaOf] of [
    ['weight', weightDelta],
    ['bias', biasDelta],
  ] as const) {
    const shape = weights.get(`${name}.${kind}`)?.shape;
    const delta = shape === undefined ? null : deltaOf(work(shape, name));
    if (delta !== null) found.push([`${name}.${kind}`, delta]);
  }
  return found;
}

function sameLayer(file: string, weight: string): ArmatureError {
  return new ArmatureError(
    'model_invalid',
    `The LoRA ${file} changes ${weight} twice, under two names: which one counts can't be told.`,
  );
}

function none({ file, modules, strangers }: LoraFile, base: string): ArmatureError {
  const [first] = modules;
  const called = first?.name ?? strangers[0] ?? 'none';
  const detail =
    `The LoRA ${file.name} changes no layer of the model ${base}: none of its ${modules.length} layers has a name that the model knows ` +
    `(the first is ${called.slice(0, 200)}). Choose one for a model of this family.`;
  return new ArmatureError('incompatible_lora', detail);
}
