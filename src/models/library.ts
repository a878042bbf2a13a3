import { setTimeout as delay } from 'node:timers/promises';
import { ArmatureError } from '../errors.ts';
import type { AnyModel } from '../generation/models/kinds.ts';
import type { RejectedModel } from '../generation/models/model.ts';
import { type ModelList, noModels } from '../generation/models/model-list.ts';
import type { GenerationPlan } from '../generation/plan.ts';
import { assemble } from './assemble.ts';
import type { Found } from './finding.ts';
import { Findings } from './findings.ts';
import { FileHashes } from './hashes/file-hashes.ts';
import { inspect } from './inspect.ts';
import type { Inspect } from './inspector.ts';
import type { Fields } from './kinds/contract/kind.ts';
import { ControlFits } from './kinds/controlnet/fits.ts';
import { folderKinds } from './kinds/kinds.ts';
import { LoraFits, type SettledLoras } from './kinds/lora/fits.ts';
import type { OwnedFolder } from './owned-folder.ts';
import { type Overlay, readOverlay, textOf, toldOf, withTold, writeOverlay } from './overlay.ts';
import type { Candidate } from './scan/candidates.ts';
import { FolderScan, type Scan } from './scan/folder-scan.ts';
import { TenantLists } from './tenant-lists.ts';

export interface LibraryOptions {
  /** File in DATA that keeps the types of ControlNets set by `setType`; without it none can be set. */
  readonly typesFile?: string;
  /** Condition ids that a ControlNet may have as its type. */
  readonly conditions: readonly string[];
  /** Looks at the folders; by default in this thread, which waits for the file system. */
  readonly scan?: Scan;
  /** Looks into candidates; by default in this process. */
  readonly inspect?: Inspect;
  /** File in DATA that keeps what was found for the next process; without it nothing is kept. */
  readonly findingsFile?: string;
  /** File in DATA that keeps hashes of files; without it none are kept. */
  readonly hashesFile?: string;
  /** How long a question waits for models of its tenant that are on their way here, in milliseconds: 10,000 by default. */
  readonly comingMs?: number;
}

export type ModelLibrary = Library;

/** The models that nobody owns and those of one tenant. */
export type TenantModels = Pick<Library, 'list' | 'ask' | 'find'>;

/** Finds a model of one kind among all: `findBase`, `findLora`. */
export type Find<Model> = (models: ModelList, id: string, field: string) => Model;

/** How long a request waits for models that are on their way here, in milliseconds. */
const comingMs = 10_000;

/** How long a listing is trusted before the folders are looked at again, in milliseconds. */
const trusted = 1000;

/**
 * Opens the models in `folders`; where two have one id, the first folder wins and the other is rejected. Folders may be
 * read-only or absent. Nothing but headers of weights is read.
 */
export async function openLibrary(folders: readonly string[], options: LibraryOptions): Promise<ModelLibrary> {
  const library = new Library(folders, options);
  await library.hashes.open();
  await library.list();
  return library;
}

/** The models of a set of folders. What is dropped in, replaced or taken out shows without a restart. */
class Library {
  /** SHA-256 of the single files of models. */
  readonly hashes: FileHashes;
  readonly #options: LibraryOptions;
  #owned: OwnedFolder | null = null;
  readonly #folderScan: Scan;
  readonly #findings: Findings;
  readonly #loraFits = new LoraFits();
  readonly #controlFits = new ControlFits();
  readonly #tenants = new TenantLists();
  /** What the listing was made of. */
  #listed: Listed | null = null;
  #listing = noModels;
  #scannedAt = Number.NEGATIVE_INFINITY;
  #scanning: Promise<ModelList> | null = null;

  constructor(folders: readonly string[], options: LibraryOptions) {
    const look = new FolderScan(folders, folderKinds);
    this.#options = options;
    this.#folderScan = options.scan ?? (async () => await look.scan());
    this.hashes = new FileHashes(options.hashesFile ?? null);
    this.#findings = new Findings(folders, options.inspect ?? inspect, options.findingsFile ?? null);
  }

  /** Condition ids that a ControlNet may have as its type. */
  get conditions(): readonly string[] {
    return this.#options.conditions;
  }

  /** From now on the models of one of the folders have owners. Whoever opens the library says so before anybody asks. */
  own(folder: OwnedFolder): void {
    this.#owned = folder;
    this.#scannedAt = Number.NEGATIVE_INFINITY;
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
    const ask: TenantModels['ask'] = async (question) => {
      const own = async (models: ModelList) => await question(this.#tenants.of(tenant, models));
      try {
        return await this.ask(own);
      } catch (error) {
        if (!isUnknown(error) || this.#owned === null) throw error;
        // What is asked for may be on its way here. What does not come in time is unknown: the request may come again.
        const late = delay(this.#options.comingMs ?? comingMs, false, { ref: false });
        if (!(await Promise.race([this.#owned.coming(tenant), late]))) throw error;
        return await own(await this.list());
      }
    };
    return {
      ask,
      list: async () => this.#tenants.of(tenant, await this.list()),
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
    const { typesFile } = this.#options;
    const owned = this.#owned;
    await owned?.refresh();
    const overlay: Overlay = typesFile === undefined ? new Map() : await readOverlay(typesFile);
    const said = `${textOf(overlay)} ${owned?.state ?? ''}`;
    const candidates = await this.#folderScan();
    const before = this.#listed;
    if (before?.candidates !== candidates || before.said !== said) {
      this.#relist({ candidates, said, found: await this.#findings.of(candidates, overlay) }, overlay);
    }
    this.#scannedAt = Date.now();
    return this.#listing;
  }

  /** Each with its owner; without those that nobody owns any more. */
  #withOwners(found: readonly Found[]): readonly Found[] {
    const owned = this.#owned;
    if (owned === null) return found;
    return found.map(({ finding, path, ...shown }) => ({
      ...shown,
      path,
      finding: {
        ...finding,
        rejected: finding.rejected.flatMap((rejected): readonly RejectedModel[] => {
          const owner = owned.ownerOf(path);
          if (owner === undefined) return [];
          return [owner === null ? rejected : { ...rejected, owner }];
        }),
        models: finding.models.flatMap((model): readonly AnyModel[] => {
          const owner = owned.ownerOf(model.path);
          return owner === undefined ? [] : [{ ...model, owner }];
        }),
      },
    }));
  }

  /** Makes a new listing where anything is other than it was: as long as nothing is, there is one, and what was made of it still holds. */
  #relist(listed: Listed, overlay: Overlay): void {
    const before = this.#listed;
    this.#listed = listed;
    const isAsBefore =
      before?.said === listed.said &&
      listed.found.length === before.found.length &&
      listed.found.every((one, index) => isSame(one, before.found[index]));
    if (!isAsBefore) this.#listing = assemble(this.#withOwners(listed.found), overlay, this.conditions);
  }
}

/** Whether something was asked for that is not there, alone or among other faults. */
function isUnknown(error: unknown): boolean {
  if (!(error instanceof ArmatureError)) return false;
  const codes: readonly string[] = [error.code, ...(error.errors ?? []).map(({ code }) => code)];
  return codes.includes('unknown_model') || codes.includes('unknown_condition');
}

function isSame(one: Found, other: Found | undefined): boolean {
  return one.finding === other?.finding && one.preview === other.preview;
}

interface Listed {
  readonly candidates: readonly Candidate[];
  readonly found: readonly Found[];
  /** What the installation says of models, as text. */
  readonly said: string;
}
