import { readRegularText } from '../../files/regular-file.ts';
import type { ModelKindId } from '../../generation/models/kinds.ts';
import type { Entry } from './entries.ts';

/** A kind of which folders are models, by their config.json. Plain data: a thread is told it. */
export interface FolderKind {
  readonly id: ModelKindId;
  readonly config: RegExp;
}

/** Bytes of a config.json. */
const mostConfigBytes = 2 ** 20;

/** Of what kind of model each config.json says that it is, read once as long as the file stays as it is. */
export class KnownConfigs {
  readonly #kinds: readonly FolderKind[];
  #known = new Map<string, ModelKindId | null>();
  #seen = new Map<string, ModelKindId | null>();

  constructor(kinds: readonly FolderKind[]) {
    this.#kinds = kinds;
  }

  async kindOf({ path, stamp }: Entry): Promise<ModelKindId | null> {
    const key = `${path} ${stamp}`;
    let kind = this.#known.get(key);
    if (kind === undefined) {
      const text = await readRegularText(path, mostConfigBytes).catch(() => null);
      // It may be read the next time.
      if (text === null) return null;
      kind = this.#kinds.find(({ config }) => config.test(text))?.id ?? null;
    }
    this.#seen.set(key, kind);
    return kind;
  }

  /** Forgets the files that have not been asked for since it was called last. */
  forgetOthers(): void {
    this.#known = this.#seen;
    this.#seen = new Map();
  }
}
