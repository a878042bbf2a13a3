import { type Candidate, findCandidates } from './candidates.ts';
import { type FolderKind, KnownConfigs } from './known-configs.ts';

/** What lies in a library's folders now: the very list of the last time where nothing is other than it was. Asked once at a time. */
export type Scan = () => Promise<readonly Candidate[]>;

/** Looks at folders again and again. */
export class FolderScan {
  readonly #folders: readonly string[];
  readonly #configs: KnownConfigs;
  #found: readonly Candidate[] = [];

  constructor(folders: readonly string[], kinds: readonly FolderKind[]) {
    this.#folders = folders;
    this.#configs = new KnownConfigs(kinds);
  }

  /** Candidates of all folders, in their order. It waits for each answer of the file system, and nothing else runs in its thread meanwhile. */
  async scan(): Promise<readonly Candidate[]> {
    const found: Candidate[] = [];
    for (const folder of this.#folders) found.push(...(await findCandidates(folder, this.#configs)));
    this.#configs.forgetOthers();
    const before = this.#found;
    const isAsBefore = found.length === before.length && found.every((one, index) => isSame(one, before[index]));
    if (!isAsBefore) this.#found = found;
    return this.#found;
  }
}

function isSame(one: Candidate, other: Candidate | undefined): boolean {
  return (
    one.path === other?.path &&
    one.signature === other.signature &&
    one.kind === other.kind &&
    one.preview === other.preview
  );
}
