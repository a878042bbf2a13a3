import { ArmatureError } from '../errors.ts';
import { foldCase, indexNames, splitAtNames } from '../prompt/learned-words.ts';
import type { BaseModel } from './models/base.ts';
import { embeddingMisfit, type EmbeddingModel } from './models/embedding.ts';
import type { ModelList } from './models/model-list.ts';
import { actsIn, passesOf, type PlannedPass } from './passes.ts';
import type { GenerationPlan, PlannedEmbedding, PlannedLora } from './plan.ts';
import { piecesOf } from './prompts.ts';

/** Who has a name that a prompt may hold. */
interface Owners {
  readonly embeddings: EmbeddingModel[];
  /** LoRAs of the plan that bring a word of that name, and the word. */
  readonly loras: { readonly lora: PlannedLora; readonly word: string }[];
}

/**
 * The learned words that the prompts of a plan's passes hold: those that its LoRAs bring, and embeddings by their names. Throws
 * `incompatible_embedding` for one that does not fit the pass's base model, `unknown_model` for a name that several have.
 */
export function resolveEmbeddings(plan: GenerationPlan, models: ModelList): readonly PlannedEmbedding[] {
  const found = new Map<string, PlannedEmbedding>();
  for (const pass of passesOf(plan)) {
    const base = models.bases.find(({ id }) => id === pass.model.id);
    const owners = ownersOfNames(plan, pass, models);
    if (base === undefined || owners.size === 0) continue;
    const index = indexNames(owners.keys());
    for (const { text, field } of piecesOf(pass)) {
      for (const part of splitAtNames(text, index)) {
        if (!('name' in part)) continue;
        const key = JSON.stringify([base.id, part.name]);
        if (!found.has(key)) found.set(key, chosen(part.name, owners.get(part.name)!, { base, models, field }));
      }
    }
  }
  return [...found.values()];
}

function ownersOfNames(
  { loras = [] }: GenerationPlan,
  pass: PlannedPass,
  models: ModelList,
): ReadonlyMap<string, Owners> {
  const owners = new Map<string, Owners>();
  const of = (name: string): Owners => {
    const known = owners.get(name) ?? { embeddings: [], loras: [] };
    owners.set(name, known);
    return known;
  };
  for (const lora of loras) {
    // One that does not act leaves everything as it is.
    if ((lora.scale === 0 && lora.textEncoderScale === 0) || !actsIn(lora.passes, pass)) continue;
    const { words = [] } = models.loras.find(({ id }) => id === lora.model.id) ?? {};
    for (const word of words) for (const form of formsOf(word)) of(form).loras.push({ lora, word });
  }
  for (const embedding of models.embeddings) {
    for (const form of new Set(embedding.names.flatMap(formsOf))) of(form).embeddings.push(embedding);
  }
  return owners;
}

/** How prompts write a name: as it is, as diffusers' users do, as ComfyUI's do. */
function formsOf(name: string): readonly string[] {
  const folded = foldCase(name);
  return [folded, `<${folded}>`, `embedding:${folded}`];
}

interface Asked {
  readonly base: BaseModel;
  readonly models: ModelList;
  /** The prompt that holds the name. */
  readonly field: string;
}

function chosen(name: string, { embeddings, loras }: Owners, { base, models, field }: Asked): PlannedEmbedding {
  const [bundled, second] = loras;
  if (bundled !== undefined) {
    if (second !== undefined) throw shared(name, [bundled.lora.model.id, second.lora.model.id], field);
    return { name, model: bundled.lora.model, base: base.id, bundled: bundled.word };
  }
  const fitting = embeddings.filter((embedding) => embeddingMisfit(base, embedding) === null);
  const [only, other] = fitting;
  if (only === undefined) throw misfit(name, embeddings[0]!, { base, models, field });
  if (other !== undefined)
    throw shared(
      name,
      fitting.map(({ id }) => id),
      field,
    );
  return { name, model: { id: only.id, hash: only.hash }, base: base.id };
}

/** Base models that a message names. */
const mostNamed = 5;

function misfit(name: string, embedding: EmbeddingModel, { base, models, field }: Asked): ArmatureError {
  const bases = models.bases.filter((one) => embeddingMisfit(one, embedding) === null).map(({ id }) => id);
  const fits =
    bases.length === 0 ? 'No base model that is here fits it' : `It fits ${bases.slice(0, mostNamed).join(', ')}`;
  const detail =
    `${embeddingMisfit(base, embedding) ?? ''} ${field} holds its name ${JSON.stringify(name)}. ${fits}; ` +
    'leave the word out, or give the file a name that no prompt needs.';
  const choices = models.embeddings.filter((one) => embeddingMisfit(base, one) === null).map(({ id }) => id);
  return new ArmatureError('incompatible_embedding', detail, { field, choices });
}

function shared(name: string, ids: readonly string[], field: string): ArmatureError {
  const detail = `Several learned words are called ${JSON.stringify(name)}: those of ${ids.join(' and ')}. Rename the file of one.`;
  return new ArmatureError('unknown_model', detail, { field, choices: ids });
}
