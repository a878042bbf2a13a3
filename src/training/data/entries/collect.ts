import { show } from '../../../text/show.ts';
import type { SetEntries, SetEntry } from '../contract/entry.ts';
import { invalidSet } from '../contract/invalid-set.ts';
import type { SetLimits } from '../contract/limits.ts';
import { checkedName, isClutter } from './names.ts';

/** Gathers the files of a set and holds it to its limits while they come in. */
export class EntryCollection {
  readonly #limits: SetLimits;
  readonly #files = new Map<string, SetEntry>();
  #clutter = 0;
  #count = 0;
  #bytes = 0;

  constructor(limits: SetLimits) {
    this.#limits = limits;
  }

  /** Counts what is no file but costs as much to pass. @throws ArmatureError `invalid_set` where there are too many. */
  pass(count = 1): void {
    const { entries } = this.#limits;
    this.#count += count;
    if (this.#count <= entries) return;
    throw invalidSet(
      `Expected a set of at most ${entries} files but it has more: split it, or leave out what is not used.`,
    );
  }

  /** @throws ArmatureError `invalid_set` where a limit is passed, or a name comes twice or leads out of the set. */
  add(raw: string, bytes: number, read: SetEntry['read']): void {
    this.pass();
    const name = checkedName(raw, this.#limits);
    const { unpackedBytes } = this.#limits;
    this.#bytes += bytes;
    if (!Number.isSafeInteger(this.#bytes) || this.#bytes > unpackedBytes) {
      throw invalidSet(
        `Expected a set of at most ${unpackedBytes} bytes once it is unpacked but it has more: split it.`,
      );
    }
    if (isClutter(name)) {
      this.#clutter += 1;
      return;
    }
    if (this.#files.has(name)) {
      throw invalidSet(`Expected each file once in the set but it has ${show(name)} twice: pack it anew.`);
    }
    this.#files.set(name, { name, bytes, read });
  }

  /** All of them, sorted by name, so that a set is the same in whatever order it was packed. */
  whole(close: SetEntries['close']): SetEntries {
    const files = [...this.#files.values()].toSorted((a, b) => (a.name < b.name ? -1 : 1));
    return { files, clutter: this.#clutter, close };
  }
}
