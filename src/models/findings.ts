import { join } from 'node:path';
import { buildStamp } from './build-stamp.ts';
import type { Found } from './finding.ts';
import { type KeptFinding, type KeptFindings, readFindings, writeFindings } from './findings-file.ts';
import type { Inspect } from './inspector.ts';
import { decidingLists, type Overlay, textOf } from './overlay.ts';
import type { Candidate } from './scan/candidates.ts';

/** Findings of other folders that are kept along, for commands that name other ones. */
const mostElsewhere = 5000;

/** What is known of the candidates of some folders, so that none is looked into twice as long as its files stay as they are. */
export class Findings {
  readonly #folders: readonly string[];
  readonly #inspect: Inspect;
  /** File in DATA that keeps what was found for the next process; null where nothing is kept. */
  readonly #file: string | null;
  /** By path, each with the signature of the candidate that it was made from. */
  #known: KeptFindings = new Map();
  /** Those that an earlier process has kept of models in other folders than these. */
  #elsewhere: KeptFindings = new Map();
  /** Whether the file holds what is known now. */
  #saved = false;
  /** Of the code that looks into models; null before the file was read. */
  #build: string | null = null;

  constructor(folders: readonly string[], inspect: Inspect, file: string | null) {
    this.#folders = folders;
    this.#inspect = inspect;
    this.#file = file;
  }

  /** Of each candidate what was found, in their order; what is new or has changed is looked into. Of all others nothing is known any more. */
  async of(candidates: readonly Candidate[], overlay: Overlay): Promise<readonly Found[]> {
    if (this.#build === null) await this.#read();
    const deciding = decidingLists(overlay);
    const decided = textOf(deciding);
    const found = await Promise.all(candidates.map(async (one) => await this.#findingOf(one, deciding, decided)));
    const findings = new Map(candidates.map(({ path }, index) => [path, found[index]!]));
    if (findings.size !== this.#known.size) this.#saved = false;
    this.#known = findings;
    await this.#save();
    return candidates.map(({ path, preview }) => ({
      path,
      finding: findings.get(path)!.finding,
      ...(preview === undefined ? {} : { preview }),
    }));
  }

  /** `decided` is the overlay as text. */
  async #findingOf(candidate: Candidate, overlay: Overlay, decided: string): Promise<KeptFinding> {
    const signature = `${candidate.signature} ${decided}`;
    const known = this.#known.get(candidate.path);
    if (known?.signature === signature) return known;
    this.#saved = false;
    return { signature, finding: await this.#inspect(candidate, overlay) };
  }

  async #read(): Promise<void> {
    this.#build = this.#file === null ? '' : await buildStamp();
    if (this.#file === null) return;
    const kept = [...(await readFindings(this.#file, this.#build))];
    const isHere = ([path]: readonly [string, KeptFinding]): boolean =>
      this.#folders.some((folder) => path === folder || path.startsWith(join(folder, '/')));
    this.#known = new Map(kept.filter(isHere));
    this.#elsewhere = new Map(kept.filter((one) => !isHere(one)).slice(0, mostElsewhere));
    this.#saved = kept.length > 0;
  }

  async #save(): Promise<void> {
    if (this.#file === null || this.#saved) return;
    const all = new Map([...this.#elsewhere, ...this.#known]);
    this.#saved = await writeFindings(this.#file, this.#build ?? '', all);
  }
}
