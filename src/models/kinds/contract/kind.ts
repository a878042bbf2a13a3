import type { z } from 'zod';
import type { AnyModel } from '../../../generation/models/kinds.ts';
import type { ModelList } from '../../../generation/models/model-list.ts';
import type { Graph } from '../../../graph/compiler/index.ts';
import type { Acting } from '../../../pipeline/controls/control-work.ts';
import type { SafetensorsFile } from '../../../weights/safetensors/safetensors.ts';

/** A kind of model that the library knows, and all that listing, showing and pulling have to know of it. */
export interface ModelKind<Model> {
  readonly id: string;
  /** In the middle of a sentence: `base model`. */
  readonly noun: string;
  /** Its list on the command line: `bases`. */
  readonly list: string;
  /** Its table in the list of models. */
  readonly heads: readonly string[];
  readonly cells: (model: Model) => readonly string[];
  /** What is known of one, by what it is called; absent where the lists says it all. */
  readonly facts?: (model: Model) => readonly (readonly [string, string])[];
  readonly view: ModelView<Model>;
  /** Folder below that of models into which it is pulled, by the files that it is made of; absent: that of models itself. */
  readonly pulledInto?: { readonly folder: string; readonly extension: string };
  /** Of kinds that are for a condition: the list of armature.json that says for which, by paths inside the folder. */
  readonly typedBy?: string;
}

/** What GET /v1/models says of the models of a kind. */
export interface ModelView<Model> {
  /** The field with their list. */
  readonly list: string;
  /** What openapi.json says of the list, where its name does not say it. */
  readonly says?: string;
  /** What openapi.json calls one of them. */
  readonly component: string;
  readonly fields: z.ZodRawShape;
  readonly show: (model: Model, context: ViewContext) => Readonly<Record<string, unknown>>;
}

/** What an entry may say of others than its own model. */
export interface ViewContext {
  readonly models: ModelList;
  /** Id of the base model of requests that name none. */
  readonly defaultModel: string;
}

/** A view whose `show` gives just the fields. */
export function modelView<Model, Fields extends z.ZodRawShape>(
  view: Omit<ModelView<Model>, 'fields' | 'show'> & {
    readonly fields: Fields;
    readonly show: (model: Model, context: ViewContext) => z.output<z.ZodObject<Fields>>;
  },
): ModelView<Model> {
  return view;
}

/** A kind whose models are found in the folders, and are looked into there. */
export interface FoundKind<Model> extends ModelKind<Model> {
  /** The config.json of a folder that is such a model; absent where none is. */
  readonly folder?: RegExp;
  /** Whether a single file is such a model, by the names of its tensors: of the kinds that say so the first is meant. Absent where none is. */
  readonly holds?: (file: SafetensorsFile) => boolean;
  /** Fields of armature.json that say something of it beside id, title and licence. */
  readonly manifest?: z.ZodRawShape;
  readonly told?: Told<Model>;
  /**
   * Reads the headers of its weights, or takes those of `file`. Throws where it cannot be used: nothing else is wrong with a
   * model that is listed.
   */
  readonly inspect: (path: string, given: Given, file: SafetensorsFile | null) => Promise<Model>;
  /** Its networks as graphs, by the names that `armature models graph --network` takes; the first is shown where none is named. Absent where it has none. */
  readonly graphs?: (model: Model) => Promise<Graphs>;
  /** Why one cannot be used after all that was said of it; null where it can. */
  readonly fault?: (model: Model, conditions: readonly string[]) => Fault | null;
}

/** What an installation says of models whose folders may be read-only: a list of the armature.json in DATA, by ids. */
export interface Told<Model> {
  readonly list: string;
  readonly fields: z.ZodRawShape;
  /** Whether the list is written without a row too, as it was from the first release. */
  readonly always?: true;
  /** Puts it on a model that was found; absent where it has to be known when one is looked into. */
  readonly put?: (model: Model, told: Fields) => Model;
}

/** A kind whose models steer the denoiser. */
export interface SteeringKind<Model> extends FoundKind<Model> {
  readonly acts: Acting;
}

/** A row of whatever kind, for what goes over all of them: each is handed models of its own only. */
export type AnyFoundKind = FoundKind<AnyModel>;

export type Graphs = ReadonlyMap<string, () => Graph>;

/** Fields that have passed the schema of their kind. */
export type Fields = Readonly<Record<string, unknown>>;

export interface Fault {
  readonly code: string;
  readonly detail: string;
}

/** What a model is called and what is said of it. */
export interface Given {
  readonly id: string;
  readonly title: string;
  readonly licence: string | null;
  /** All of the folder's armature.json; empty where there is none. */
  readonly manifest: Fields;
  /** What this installation says of it; empty where it says nothing. */
  readonly told: Fields;
  /** For which condition it is, where armature.json says that. */
  readonly type: string | null;
  /** Id of the base model whose folder it came in; null for one of its own. */
  readonly bundledWith: string | null;
}
