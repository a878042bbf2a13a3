import { createHash, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { BaseModel } from '../generation/models/base.ts';
import { type AnyModel, type ModelKindId, modelKindIds, modelNouns } from '../generation/models/kinds.ts';
import type { ModelList } from '../generation/models/model-list.ts';
import type { ModelNoun } from '../generation/models/model-noun.ts';
import type { AnnotatorModel } from './kinds/annotator/kind.ts';
import type { ViewContext } from './kinds/contract/kind.ts';
import type { FileHashes } from './hashes/file-hashes.ts';
import { kindNamed, kindOf, modelKinds } from './kinds/kinds.ts';

const { base: baseKind, annotator: annotatorKind } = modelKinds;

/** A kind of which it is known what fits base models. */
interface FittingKind {
  readonly id: ModelKindId;
  readonly misfit: (base: BaseModel, model: AnyModel) => string | null;
}

const fittingKinds: readonly FittingKind[] = modelKindIds.flatMap((id) => {
  const { misfit } = modelNouns[id] as ModelNoun<AnyModel>;
  return misfit === undefined ? [] : [{ id, misfit }];
});

/** What an entry says of what fits what: of a base model a list of each kind, of another the base models. */
const fitFields = (id: ModelKindId): z.ZodRawShape => {
  if (id === baseKind.id) {
    return Object.fromEntries(
      fittingKinds.map((kind) => {
        const { view, noun } = kindNamed(kind.id);
        return [view.list, z.array(z.string()).describe(`Ids of the ${noun}s that fit it`)];
      }),
    );
  }
  if (fittingKinds.every((kind) => kind.id !== id)) return {};
  return { base_models: z.array(z.string()).describe('Ids of the base models that it fits') };
};

/** What an entry says of the files of a model, whichever kind it is. One component of the description, not fields of each kind. */
const fileFields = {
  files: z
    .object({
      preview: z.string().nullable().describe('Where the picture beside it is; null where none is'),
      sha256: z.string().nullable().describe('Of a single file, once the query sha256 has asked for it'),
      loaded: z.boolean().describe('Whether the device of a worker has something of it in memory'),
    })
    .meta({ id: 'ModelFiles' }),
} as const;

function listSchema(
  { component, fields, says }: { readonly component: string; readonly fields: z.ZodRawShape; readonly says?: string },
  fits: z.ZodRawShape,
): z.ZodType {
  const list = z.array(z.object({ ...fields, ...fits }).meta({ id: component }));
  return says === undefined ? list : list.describe(says);
}

/** The answer of GET /v1/models: a list for each kind. */
export const modelListSchema = z
  .object({
    ...Object.fromEntries(
      modelKindIds.map((id) => {
        const { view } = kindNamed(id);
        return [view.list, listSchema(view, { ...fitFields(id), ...fileFields })];
      }),
    ),
    [annotatorKind.view.list]: listSchema(annotatorKind.view, {}),
    rejected: z
      .array(z.object({ id: z.string(), code: z.string(), detail: z.string() }).meta({ id: 'RejectedModel' }))
      .describe('What looks like a model and cannot be used, and why'),
  })
  .meta({ id: 'ModelList' });

type ModelListView = Readonly<Record<string, unknown>>;

/** An answer as bytes, and what changes whenever they do. */
export interface ModelListAnswer {
  readonly bytes: Buffer;
  /** Strong. */
  readonly etag: string;
}

/** An answer without what is loaded: between two pieces stands whether the model of that place is. */
interface Template {
  /** What it was made of beside the listing. */
  readonly of: string;
  readonly pieces: readonly Buffer[];
  /** Ids of the models, one fewer than pieces. */
  readonly ids: readonly string[];
  /** The last answer that was made of it. */
  answer: (ModelListAnswer & { readonly loaded: string }) | null;
}

const made = new WeakMap<ModelList, Template>();

/** Stands where it is said whether a model is loaded. Nobody's file can know it. */
const slot = randomUUID();

/** What the list says beside what is known of models. */
export interface ListContext {
  /** Id of the base model of requests that name none. */
  readonly defaultModel: string;
  /** Address of the picture that lies beside a model. */
  readonly previewOf: (id: string) => string;
  readonly hashes: Pick<FileHashes, 'known' | 'version'>;
  /** Ids of the models of which something is in a device's memory. */
  readonly loaded: ReadonlySet<string>;
}

/** All models as JSON, each with those of other kinds that it fits. What fits what takes each base model with each other one, and is found out once for each listing: what is loaded changes far more often. */
export function modelListAnswer(
  models: ModelList,
  annotators: readonly AnnotatorModel[],
  context: ListContext,
): ModelListAnswer {
  const of = JSON.stringify([annotators, context.defaultModel, context.hashes.version]);
  const before = made.get(models);
  const template = before?.of === of ? before : templateOf(of, models, annotators, context);
  made.set(models, template);
  const states = template.ids.map((id) => context.loaded.has(id));
  const loaded = template.ids.filter((_, place) => states[place]).join(' ');
  if (template.answer?.loaded === loaded) return template.answer;
  const bytes = Buffer.concat(
    template.pieces.flatMap((piece, place) => (place === 0 ? [piece] : [states[place - 1] ? isLoaded : isNot, piece])),
  );
  template.answer = { bytes, etag: `"${createHash('sha256').update(bytes).digest('hex')}"`, loaded };
  return template.answer;
}

const [isLoaded, isNot] = [Buffer.from('true'), Buffer.from('false')];

function templateOf(
  of: string,
  models: ModelList,
  annotators: readonly AnnotatorModel[],
  context: ListContext,
): Template {
  const ids: string[] = [];
  const view = modelListView(models, annotators, context, (id) => {
    ids.push(id);
    return slot;
  });
  const pieces = JSON.stringify(view).split(`"${slot}"`);
  return { of, pieces: pieces.map((piece) => Buffer.from(piece)), ids, answer: null };
}

/** All models, each with those of the other kind that it fits, and all annotators; `loadedOf` gives what stands where one is said to be loaded. */
function modelListView(
  models: ModelList,
  annotators: readonly AnnotatorModel[],
  { defaultModel, previewOf, hashes }: ListContext,
  loadedOf: (id: string) => string,
): ModelListView {
  const context: ViewContext = { models, defaultModel };
  const entry = (model: AnyModel) => ({
    ...kindOf(model).view.show(model, context),
    ...fitsOf(model, models),
    files: {
      preview: model.preview === undefined ? null : previewOf(model.id),
      sha256: hashes.known(model.path),
      loaded: loadedOf(model.id),
    },
  });
  const lists = modelKindIds.map((id) => {
    const { view } = kindNamed(id);
    const own: readonly AnyModel[] = models[modelNouns[id].list];
    return [view.list, own.map(entry)] as const;
  });
  return {
    ...Object.fromEntries(lists),
    [annotatorKind.view.list]: annotators.map((model) => annotatorKind.view.show(model, context)),
    rejected: models.rejected.map(({ id, code, detail }) => ({ id, code, detail })),
  };
}

function fitsOf(model: AnyModel, models: ModelList): Readonly<Record<string, readonly string[]>> {
  if (model.kind === baseKind.id) {
    return Object.fromEntries(
      fittingKinds.map(({ id, misfit }) => {
        const own: readonly AnyModel[] = models[modelNouns[id].list];
        return [
          kindNamed(id).view.list,
          own.filter((other) => misfit(model as BaseModel, other) === null).map((other) => other.id),
        ];
      }),
    );
  }
  const fitting = fittingKinds.find(({ id }) => id === model.kind);
  if (fitting === undefined) return {};
  return { base_models: models.bases.filter((base) => fitting.misfit(base, model) === null).map(({ id }) => id) };
}
