import { show } from '../../../text/show.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import type { SetEntry } from '../contract/entry.ts';
import { checkedName, isClutter } from './names.ts';

/** Gathers the files of a set and holds it to its limits while they come in. */
export class EntryCollection {
  clutter = 0;
  readonly #limits: SetLimits;
  readonly #files = new Map<string, SetEntry>();
  #count = 0;
  #bytes = 0;

  constructor(limits: SetLimits) {
    this.#limits = limits;
  }

  /** @throws ArmatureError `invalid_set` where a limit is passed, or a name comes twice or leads out of the set. */
  add(raw: string, bytes: number, read: SetEntry['read']): void {
    const name = checkedName(raw, this.#limits);
    const { entries, unpackedBytes } = this.#limits;
    this.#count += 1;
    this.#bytes += bytes;
    if (this.#count > entries) {
      throw invalidSet(
        `Expected a set of at most ${entries} files but it has more: split it, or leave out what is not used.`,
      );
    }
    if (!Number.isSafeInteger(this.#bytes) || this.#bytes > unpackedBytes) {
      throw invalidSet(
        `Expected a set of at most ${unpackedBytes} bytes once it is unpacked but it has more: split it.`,
      );
    }
    if (isClutter(name)) {
      this.clutter += 1;
      return;
    }
    if (this.#files.has(name)) {
      throw invalidSet(`Expected each file once in the set but it has ${show(name)} twice: pack it anew.`);
    }
    this.#files.set(name, { name, bytes, read });
  }

  /** Sorted by name, so that a set is the same in whatever order it was packed. */
  get files(): readonly SetEntry[] {
    return [...this.#files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }
}
