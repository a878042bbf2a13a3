import { join } from 'node:path';
import { ArmatureError } from '../errors.ts';
import { findBase, findControlNet, type ModelList, visibleTo } from '../generation/catalog.ts';
import { assemble, requireCondition } from './assemble.ts';
import { buildStamp } from './build-stamp.ts';
import { type KeptFinding, type KeptFindings, readFindings, writeFindings } from './findings-file.ts';
import { inspect } from './inspect.ts';
import type { Inspect } from './inspector.ts';
import { findLora } from '../generation/loras.ts';
import type { BaseModel, ControlNetModel, LoraModel } from '../generation/model.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { LoraFits } from './lora-fits.ts';
import { emptyOverlay, type Overlay, readOverlay, writeOverlay } from './overlay.ts';
import { type Candidate, findCandidates } from './scan.ts';
import type { ToldPrediction } from '../schedulers/prediction-type.ts';

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
export type TenantModels = Pick<Library, 'list' | 'ask' | 'base' | 'controlNet' | 'lora'>;

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
  /** Findings by path, each with the signature of the candidate that it was made from. */
  #findings: KeptFindings = new Map();
  /** Those that an earlier process has kept of models in other folders than these. */
  #elsewhere: KeptFindings = new Map();
  /** Whether the file of findings holds what is known now. */
  #saved = false;
  /** Of the code that looks into models; null before the first scan. */
  #build: string | null = null;
  #listing: ModelList = { bases: [], controlNets: [], loras: [], rejected: [] };
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
      base: async (id) => await ask((models) => findBase(models, id, 'model')),
      controlNet: async (id) => await ask((models) => findControlNet(models, id, 'model')),
      lora: async (id) => await ask((models) => findLora(models, id, 'model')),
    };
  }

  /** `unknown_model` with the choices, or `model_invalid` where its files cannot be used. */
  async base(id: string): Promise<BaseModel> {
    return await this.ask((models) => findBase(models, id, 'model'));
  }

  /** As {@link base}, for a ControlNet. */
  async controlNet(id: string): Promise<ControlNetModel> {
    return await this.ask((models) => findControlNet(models, id, 'model'));
  }

  /** What there is to say of the LoRAs of a plan that was resolved against `models`; throws where one does not fit. */
  async remarksOnLoras(plan: GenerationPlan, models: ModelList): Promise<readonly string[]> {
    return await this.#loraFits.remarksOn(plan, models);
  }

  /** As {@link base}, for a LoRA. */
  async lora(id: string): Promise<LoraModel> {
    return await this.ask((models) => findLora(models, id, 'model'));
  }

  /**
   * Says which condition a ControlNet is for, and keeps it in DATA: `unknown_model`, or `unknown_condition` with the
   * choices.
   */
  async setType(id: string, type: string): Promise<ControlNetModel> {
    const { typesFile, conditions } = this.#options;
    if (typesFile === undefined) throw new ArmatureError('not_supported_yet', 'This library keeps no types.');
    requireCondition(type, conditions);
    await this.controlNet(id);
    const overlay = await readOverlay(typesFile);
    await writeOverlay(typesFile, { ...overlay, types: new Map(overlay.types).set(id, type) });
    await this.list();
    return await this.controlNet(id);
  }

  /**
   * Says what a base model predicts, and keeps it in DATA; what is left out stays as it was, null takes back all that was
   * set. Also for a model that is refused as it is: `unknown_model` where there is none of that id, or what is wrong with it
   * now. Where that is refused, nothing is kept.
   */
  async setPrediction(id: string, told: ToldPrediction | null): Promise<BaseModel> {
    const { typesFile } = this.#options;
    if (typesFile === undefined) throw new ArmatureError('not_supported_yet', 'This library keeps no settings.');
    const overlay = await readOverlay(typesFile);
    const before = await this.list();
    if (!before.rejected.some((model) => model.id === id)) findBase(before, id, 'model');
    const predictions = new Map(overlay.predictions);
    const given = Object.fromEntries(Object.entries(told ?? {}).filter(([, value]) => value !== undefined));
    if (told === null) predictions.delete(id);
    else predictions.set(id, { ...predictions.get(id), ...given });
    await writeOverlay(typesFile, { ...overlay, predictions });
    try {
      return findBase(await this.list(), id, 'model');
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
    const { typesFile, conditions } = this.#options;
    const overlay = typesFile === undefined ? emptyOverlay : await readOverlay(typesFile);
    const candidates = (await Promise.all(this.#folders.map(async (folder) => await findCandidates(folder)))).flat();
    const findings = new Map<string, KeptFinding>();
    await Promise.all(candidates.map(async (one) => findings.set(one.path, await this.#findingOf(one, overlay))));
    if (findings.size !== this.#findings.size) this.#saved = false;
    this.#findings = findings;
    await this.#save();
    const found = candidates.map(({ path }) => findings.get(path)!.finding);
    this.#listing = assemble(found, overlay.types, conditions);
    this.#scannedAt = Date.now();
    return this.#listing;
  }

  async #findingOf(candidate: Candidate, { predictions }: Overlay): Promise<KeptFinding> {
    const { path } = candidate;
    const signature = [candidate.signature, ...(predictions.size === 0 ? [] : [JSON.stringify([...predictions])])].join(
      ' ',
    );
    const known = this.#findings.get(path);
    if (known?.signature === signature) return known;
    this.#saved = false;
    return { signature, finding: await (this.#options.inspect ?? inspect)(candidate, predictions) };
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
