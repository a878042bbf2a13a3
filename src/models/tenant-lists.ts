import { allModels, type ModelList, noModels, visibleTo } from '../generation/models/model-list.ts';

/** What tenants see of a listing, made once for each that owns models of it and once for all others: as long as a listing is there, so is what was made of it. */
export class TenantLists {
  #listing = noModels;
  #owners: ReadonlySet<string | null> = new Set();
  readonly #lists = new Map<string | null, ModelList>();

  /** As {@link visibleTo}. */
  of(tenant: string, listing: ModelList): ModelList {
    if (listing !== this.#listing) {
      this.#listing = listing;
      this.#owners = new Set([...allModels(listing), ...listing.rejected].map(({ owner = null }) => owner));
      this.#lists.clear();
    }
    const owner = this.#owners.has(tenant) ? tenant : null;
    const list = this.#lists.get(owner) ?? visibleTo(tenant, listing);
    this.#lists.set(owner, list);
    return list;
  }
}
