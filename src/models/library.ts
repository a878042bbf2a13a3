import { join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { type BaseModel, findBase } from '../generation/models/base.ts';
import { findControlNet, typesOf } from '../generation/models/controlnet.ts';
import type { AnyModel } from '../generation/models/kinds.ts';
import { allModels, type ModelList, noModels, visibleTo } from '../generation/models/model-list.ts';
import type { TaesdModel } from '../generation/models/taesd.ts';
import { findVae, type VaeModel } from '../generation/models/vae.ts';
import { resolveAutoencoder } from '../generation/resolve-autoencoder.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import type { ToldPrediction } from '../schedulers/prediction-type.ts';
import { assemble } from './assemble.ts';
import { buildStamp } from './build-stamp.ts';
import { type KeptFinding, type KeptFindings, readFindings, writeFindings } from './findings-file.ts';
import { inspect } from './inspect.ts';
import type { Inspect } from './inspector.ts';
import { keptPrediction, type SamplingSaid } from './kinds/base/said.ts';
import { findLora, type LoraModel } from '../generation/models/lora.ts';
import type { Fields } from './kinds/contract/kind.ts';
import { requireCondition } from './kinds/contract/typed.ts';
import { kindOf, modelKinds } from './kinds/kinds.ts';
import { ControlFits } from './kinds/controlnet/fits.ts';
import { LoraFits, type SettledLoras } from './kinds/lora/fits.ts';
import { decidingLists, type Overlay, readOverlay, toldOf, withTold, writeOverlay } from './overlay.ts';
import { type Candidate, findCandidates, KnownConfigs } from './scan.ts';
import type { Finding } from './finding.ts';

export interface LibraryOptions {
  /** File in DATA that keeps the types of ControlNets set by `setType`; without it none can be set. */
  readonly typesFile?: string;
  /** Condition ids that a ControlNet may have as its type. */
  readonly conditions: readonly string[];
  /** Looks into candidates; by default in this process. */
  readonly inspect?: Inspect;
  /** File in DATA that keeps what was found for the next process; without it nothing is kept. */
  readonly findingsFile?: string;
}

export type ModelLibrary = Library;

/** The models that nobody owns and those of one tenant. */
export type TenantModels = Pick<Library, 'list' | 'ask' | 'find'>;

/** Finds a model of one kind among all: `findBase`, `findLora`. */
export type Find<Model> = (models: ModelList, id: string, field: string) => Model;

/** A model that is for a condition. */
type TypedModel = Extract<AnyModel, { readonly type: string | null }>;

/** The model of an id among those that are for a condition; where there is none, as {@link findControlNet} says it. */
function findTyped(models: ModelList, id: string, field: string): TypedModel {
  const found = allModels(models).find((model) => model.id === id);
  return found !== undefined && 'type' in found ? found : findControlNet(models, id, field);
}

/** The model of an id among those that are for the latents of others; where there is none, as {@link findVae} says it. */
function findForLatents(models: ModelList, id: string, field: string): VaeModel | TaesdModel {
  return models.taesds.find((model) => model.id === id) ?? findVae(models, id, field);
}

/** How long a listing is trusted before the folders are looked at again, in milliseconds. */
const trusted = 1000;

/** Findings of other folders that are kept along, for commands that name other ones. */
const mostElsewhere = 5000;

/**
 * Opens the models in `folders`; where two have one id, the first folder wins and the other is rejected. Folders may be
 * read-only or absent. Nothing but headers of weights is read.
 */
export async function openLibrary(folders: readonly string[], options: LibraryOptions): Promise<ModelLibrary> {
  const library = new Library(folders, options);
  await library.list();
  return library;
}

/** The models of a set of folders. What is dropped in, replaced or taken out shows without a restart. */
class Library {
  readonly #folders: readonly string[];
  readonly #options: LibraryOptions;
  readonly #loraFits = new LoraFits();
  readonly #controlFits = new ControlFits();
  /** Findings by path, each with the signature of the candidate that it was made from. */
  #findings: KeptFindings = new Map();
  /** Those that an earlier process has kept of models in other folders than these. */
  #elsewhere: KeptFindings = new Map();
  /** Whether the file of findings holds what is known now. */
  #saved = false;
  /** Of the code that looks into models; null before the first scan. */
  #build: string | null = null;
  readonly #configs = new KnownConfigs();
  /** What the listing was made of. */
  #listed: { readonly found: readonly Finding[]; readonly said: string } | null = null;
  #listing = noModels;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #scanning: Promise<ModelList> | null = null;

  constructor(folders: readonly string[], options: LibraryOptions) {
    this.#folders = folders;
    this.#options = options;
  }

  /** Looks at the folders (names, sizes and times; headers of what changed) and lists what is there now. */
  async list(): Promise<ModelList> {
    // A scan that runs already may have passed what the caller has just put there: its answer is not good enough.
    if (this.#scanning !== null) await this.#scanning.catch(() => null);
    this.#scanning ??= this.#scan().finally(() => (this.#scanning = null));
    return await this.#scanning;
  }

  /**
   * Answers a question from what was there within the last second. Where that will not do, it is asked again of what is
   * there now: what has just been put there is found, and a request costs no look at the folders.
   */
  async ask<T>(question: (models: ModelList) => T | Promise<T>): Promise<T> {
    try {
      if (this.#trusted !== null) return await question(this.#trusted);
    } catch {
      // The second answer counts.
    }
    return await question(await this.list());
  }

  /** What a tenant sees of it; who asks without one sees everybody's. */
  of(tenant: string): TenantModels {
    const ask: TenantModels['ask'] = async (question) =>
      await this.ask(async (models) => await question(visibleTo(tenant, models)));
    return {
      ask,
      list: async () => visibleTo(tenant, await this.list()),
      find: async (find, id) => await ask((models) => find(models, id, 'model')),
    };
  }

  /** The model of an id, as `find` looks for it: `unknown_model` with the choices, or `model_invalid` where its files cannot be used. */
  async find<Model>(find: Find<Model>, id: string): Promise<Model> {
    return await this.ask((models) => find(models, id, 'model'));
  }

  /**
   * A plan that was resolved against `models` with the way in which its LoRAs act, and what there is to say of them. Throws where a LoRA, or a ControlNet that changes a base
   * model's own weights, does not fit.
   */
  async settle(plan: GenerationPlan, models: ModelList): Promise<SettledLoras> {
    await this.#controlFits.require(plan, models);
    return await this.#loraFits.settle(plan, models);
  }

  /**
   * Says which condition a ControlNet is for, and keeps it in DATA: `unknown_model`, or `unknown_condition` with the
   * choices.
   */
  async setType(id: string, type: string): Promise<TypedModel> {
    requireCondition(type, this.#options.conditions);
    refuseTypeOfUnion(await this.find(findTyped, id));
    return await this.tell<TypedModel>(kindOf(await this.find(findTyped, id)), findTyped, id, { type });
  }

  /** Says what a base model predicts, and keeps it in DATA; null takes back all that was set. Throws as {@link tell}. */
  async setPrediction(id: string, told: ToldPrediction | null): Promise<BaseModel> {
    return await this.tell(modelKinds.base, findBase, id, told === null ? null : keptPrediction(told));
  }

  /** Says which autoencoder a base model is drawn with where a request names none, its own id for its own, and keeps it in DATA. `incompatible_autoencoder`, or as {@link tell}. */
  async setVae(id: string, vae: string): Promise<BaseModel> {
    await this.ask((models) => resolveAutoencoder({ vae, decoder: 'vae' }, findBase(models, id, 'model'), models));
    return await this.tell(modelKinds.base, findBase, id, { vae });
  }

  /**
   * Says how a base model or a LoRA was made to draw in few steps, and of a base model what it is drawn with where a request leaves that open;
   * keeps it in DATA. `invalid_request` for what a LoRA has none of, or as {@link tell}.
   */
  async setSampling(id: string, { distilled, ...defaults }: SamplingSaid): Promise<BaseModel | LoraModel> {
    const { loras } = await this.list();
    if (!loras.some((lora) => lora.id === id)) {
      return await this.tell(modelKinds.base, findBase, id, { distilled, ...defaults });
    }
    if (Object.keys(defaults).length === 0) return await this.tell(modelKinds.lora, findLora, id, { distilled });
    const detail = `${id} is a LoRA, which has no steps, guidance or scheduler of its own: say how it was distilled, and the rest in requests.`;
    throw new ArmatureError('invalid_request', detail, { field: Object.keys(defaults)[0] ?? 'steps' });
  }

  /** Says whose latents an autoencoder or a TAESD is for, `auto` alone for what its files say, and keeps it in DATA. `unknown_model` as {@link tell}. */
  async setFits(id: string, names: readonly string[]): Promise<VaeModel | TaesdModel> {
    if (names.length === 0) {
      throw new ArmatureError(
        'invalid_request',
        'Expected families or ids of base models, separated by commas, or auto.',
      );
    }
    const isAuto = names.length === 1 && names[0] === 'auto';
    return await this.tell(
      kindOf(await this.find(findForLatents, id)),
      findForLatents,
      id,
      isAuto ? null : { fits: names },
    );
  }

  /**
   * Says something of a model, and keeps it in DATA; what is undefined stays as it was, null takes back all that was said. Also for a model that
   * is refused as it is: `unknown_model` where there is none of that id, or what is wrong with it now. Where that is refused, nothing is kept.
   */
  async tell<Model>(
    { told: kept }: { readonly told?: { readonly list: string } },
    find: Find<Model>,
    id: string,
    told: Fields | null,
  ): Promise<Model> {
    const { typesFile } = this.#options;
    if (typesFile === undefined || kept === undefined) {
      throw new ArmatureError('not_supported_yet', 'This library keeps no settings.');
    }
    const overlay = await readOverlay(typesFile);
    const before = await this.list();
    if (!before.rejected.some((model) => model.id === id)) find(before, id, 'model');
    const given = Object.fromEntries(Object.entries(told ?? {}).filter(([, value]) => value !== undefined));
    const all = told === null ? null : { ...toldOf(overlay, kept.list, id), ...given };
    await writeOverlay(typesFile, withTold(overlay, kept.list, id, all));
    try {
      return find(await this.list(), id, 'model');
    } catch (error) {
      await writeOverlay(typesFile, overlay);
      await this.list();
      throw error;
    }
  }

  get #trusted(): ModelList | null {
    return Date.now() - this.#scannedAt < trusted ? this.#listing : null;
  }

  async #scan(): Promise<ModelList> {
    if (this.#build === null) await this.#readKept();
    const { typesFile } = this.#options;
    const overlay: Overlay = typesFile === undefined ? new Map() : await readOverlay(typesFile);
    const candidates = (
      await Promise.all(this.#folders.map(async (folder) => await findCandidates(folder, { configs: this.#configs })))
    ).flat();
    this.#configs.forgetOthers();
    const findings = new Map<string, KeptFinding>();
    const deciding = decidingLists(overlay);
    const decided = textOf(deciding);
    await Promise.all(
      candidates.map(async (one) => findings.set(one.path, await this.#findingOf(one, deciding, decided))),
    );
    if (findings.size !== this.#findings.size) this.#saved = false;
    this.#findings = findings;
    await this.#save();
    const found = candidates.map(({ path }) => findings.get(path)!.finding);
    this.#relist(found, overlay);
    this.#scannedAt = Date.now();
    return this.#listing;
  }

  /** Makes a new listing where anything is other than it was: as long as nothing is, there is one, and what was made of it still holds. */
  #relist(found: readonly Finding[], overlay: Overlay): void {
    const said = textOf(overlay);
    const before = this.#listed;
    const isSame =
      before?.said === said &&
      found.length === before.found.length &&
      found.every((finding, index) => finding === before.found[index]);
    if (isSame) return;
    this.#listing = assemble(found, overlay, this.#options.conditions);
    this.#listed = { found, said };
  }

  /** `decided` is the overlay as text. */
  async #findingOf(candidate: Candidate, overlay: Overlay, decided: string): Promise<KeptFinding> {
    const { path } = candidate;
    const signature = `${candidate.signature} ${decided}`;
    const known = this.#findings.get(path);
    if (known?.signature === signature) return known;
    this.#saved = false;
    return { signature, finding: await (this.#options.inspect ?? inspect)(candidate, overlay) };
  }

  async #readKept(): Promise<void> {
    const { findingsFile } = this.#options;
    this.#build = findingsFile === undefined ? '' : await buildStamp();
    if (findingsFile === undefined) return;
    const kept = [...(await readFindings(findingsFile, this.#build))];
    const isHere = ([path]: readonly [string, KeptFinding]): boolean =>
      this.#folders.some((folder) => path === folder || path.startsWith(join(folder, '/')));
    this.#findings = new Map(kept.filter(isHere));
    this.#elsewhere = new Map(kept.filter((one) => !isHere(one)).slice(0, mostElsewhere));
    this.#saved = kept.length > 0;
  }

  async #save(): Promise<void> {
    const { findingsFile } = this.#options;
    if (findingsFile === undefined || this.#saved) return;
    const all = new Map([...this.#elsewhere, ...this.#findings]);
    this.#saved = await writeFindings(findingsFile, this.#build ?? '', all);
  }
}

/** Equal for overlays that say the same. */
function textOf(overlay: Overlay): string {
  return JSON.stringify([...overlay].map(([list, rows]) => [list, ...rows]));
}

function refuseTypeOfUnion(model: TypedModel): void {
  if (!('unionTypes' in model) || model.unionTypes === null) return;
  const types = typesOf(model)?.join(', ');
  const detail = `The ControlNet ${model.id} is a union, which takes maps of ${types}: each control says its own type. None can be set.`;
  throw new ArmatureError('invalid_request', detail, { field: 'type' });
}
