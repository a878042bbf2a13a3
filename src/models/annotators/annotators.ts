import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { nearestName } from '../../text/nearest-name.ts';
import { findCondition } from '../../conditions/registry.ts';
import { ArmatureError } from '../../errors.ts';
import { kindOf } from '../../generation/kinds/kinds.ts';
import type { Plan } from '../../generation/plan.ts';
import { annotatorKind, type AnnotatorModel } from '../kinds/annotator/kind.ts';
import { type CatalogEntry, readCatalog } from '../pull/catalog.ts';
import { type BundledNetwork, readBundled } from './bundled.ts';
import { isPulled, pulledFolders } from './pulled-files.ts';

export interface AnnotatorPlaces {
  /** Folder of the networks that come with the package. */
  readonly bundled: string;
  /** Folders with pulled networks, the first to win. */
  readonly pulled: readonly string[];
  /** The catalog's file. */
  readonly catalog: string;
}

/**
 * The networks of the extractors: which there are and which could be pulled. The folders are looked at each time, so that one
 * that is pulled counts without a restart.
 */
export class AnnotatorLibrary {
  readonly #places: AnnotatorPlaces;
  readonly #bundled: readonly BundledNetwork[];
  readonly #catalog: readonly CatalogEntry[];

  private constructor(places: AnnotatorPlaces, bundled: readonly BundledNetwork[], catalog: readonly CatalogEntry[]) {
    this.#places = places;
    this.#bundled = bundled;
    this.#catalog = catalog.filter(({ kind }) => kind === annotatorKind.id);
  }

  static async open(places: AnnotatorPlaces): Promise<AnnotatorLibrary> {
    return new AnnotatorLibrary(places, await readBundled(places.bundled), await readCatalog(places.catalog));
  }

  /** Those of the package, those of the catalog, and what else lies in the folders of pulled ones. */
  async list(): Promise<readonly AnnotatorModel[]> {
    const pulled = await pulledFolders(this.#places.pulled);
    const bundled = this.#bundled.map(async (network): Promise<AnnotatorModel> => {
      const state = (await this.#isBundled(network.id)) ? 'present' : 'missing';
      return { ...network, bundled: true, state, pull: null };
    });
    const known = this.#catalog.map((entry) => catalogued(entry, pulled));
    const others = pulled.filter((id) => !this.#catalog.some((entry) => entry.id === id)).map(unknown);
    return [...(await Promise.all(bundled)), ...known, ...others];
  }

  /**
   * `model_missing` at `field` with the way to bring it, for a network `id` or `id/name` that is not there; `model_invalid`
   * where its folder has several and none is named.
   */
  async require(id: string, field: string): Promise<void> {
    if (!id.includes('/') && (await this.#isBundled(id))) return;
    if (await isPulled(id, this.#places.pulled)) return;
    throw new ArmatureError('model_missing', `The network ${id} is not there. ${this.#advice(id)}`, { field });
  }

  /** As {@link require}, for the networks that the maps of a plan are made with. */
  async requireFor(plan: Plan): Promise<void> {
    for (const { id, field } of kindOf(plan).networks(plan, findCondition)) await this.require(id, field);
  }

  #advice(id: string): string {
    const [folder = id] = id.split('/');
    const known = this.#catalog.map((entry) => entry.id);
    if (known.includes(folder)) return `Bring it with: ${pullCommand(folder)}`;
    if (this.#bundled.some((network) => network.id === id)) return 'It belongs to the package: install that again.';
    const nearest = nearestName(folder, known);
    const hint = nearest === undefined ? '' : ` Did you mean ${nearest}? Bring that with: ${pullCommand(nearest)}`;
    return `It is not in the catalog: one of your own belongs into models/annotators/${folder} of the data folder.${hint}`;
  }

  async #isBundled(id: string): Promise<boolean> {
    if (!this.#bundled.some((network) => network.id === id)) return false;
    return await access(join(this.#places.bundled, `${id}.onnx`)).then(
      () => true,
      () => false,
    );
  }
}

function catalogued({ id, title, type, licence }: CatalogEntry, pulled: readonly string[]): AnnotatorModel {
  const conditions = typeof type === 'string' ? [type] : [];
  const state = pulled.includes(id) ? 'present' : 'missing';
  return { id, title, conditions, option: id, licence, bundled: false, state, pull: pullCommand(id) };
}

function unknown(id: string): AnnotatorModel {
  return { id, title: id, conditions: [], option: id, licence: null, bundled: false, state: 'present', pull: null };
}

function pullCommand(id: string): string {
  return `armature models pull ${id}`;
}
