import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import type { AnswerHead, Fetched, FetchedStream, Fetcher, FetchOptions } from '../../fetch/fetcher.ts';
import { answerError, isPassing, retryAfter, withAdvice } from './hub-errors.ts';

export interface HubSettings {
  readonly fetcher: Fetcher;
  /** Base address without a trailing slash. */
  readonly address: string;
  /** Sent to the hub's origin and nowhere else. */
  readonly token: string | null;
  /** Waits between attempts, in milliseconds. */
  readonly wait?: (ms: number, signal: AbortSignal | undefined) => Promise<void>;
  readonly signal?: AbortSignal;
  /** Told before each wait: what failed and for how many milliseconds is waited. */
  readonly onWait?: (error: ArmatureError, ms: number) => void;
}

/** A file of a repository as its listing gives it. */
export interface ListedFile {
  readonly path: string;
  readonly bytes: number;
}

/** What the hub says of a file before it is fetched. */
export interface HubFile extends ListedFile {
  /** Of large files (LFS); null for others. */
  readonly sha256: string | null;
  /** Git's id of the contents, of the others. */
  readonly blob: string | null;
  /** Commit that the revision stood for. */
  readonly commit: string | null;
}

/** Attempts in a row that bring nothing before a pull gives up. */
const mostAttempts = 5;

/**
 * The protocol of model hubs: `{hub}/api/models/{repo}/tree/{revision}` lists files, `{hub}/{repo}/resolve/{revision}/{path}`
 * is one of them, mostly as a redirect to where the bytes lie, with X-Linked-Etag, X-Linked-Size and X-Repo-Commit beside.
 */
export class Hub {
  readonly #settings: HubSettings;

  constructor(settings: HubSettings) {
    this.#settings = settings;
  }

  get address(): string {
    return this.#settings.address;
  }

  /** All files of a repository. */
  async list(repo: string, revision: string): Promise<readonly ListedFile[]> {
    const files: ListedFile[] = [];
    let url: string | null = `${this.address}/api/models/${repo}/tree/${encodeURIComponent(revision)}?recursive=true`;
    for (let page = 0; url !== null && page < 50; page += 1) {
      const answer: Fetched = await this.#get(url, repo);
      files.push(...readListing(answer.bytes, repo));
      url = this.#nextPage(answer);
    }
    return files;
  }

  /** Size, hash and commit of a file, from the hub itself: a redirect to elsewhere is not followed for it. */
  async describe(repo: string, revision: string, path: string): Promise<HubFile> {
    const url = this.#resolveUrl(repo, revision, path);
    const options = { method: 'HEAD', maxBytes: 0, follow: 'same-origin', ...this.#common() } as const;
    const answer = await this.patiently(async () => {
      const head = await this.#settings.fetcher.fetchBytes(url, options);
      if (head.status >= 400) throw answerError(head, repo, path);
      return head;
    });
    return { path, ...readHead([...answer.redirects, answer], repo, path) };
  }

  /** Bytes of a file from `from` on; the status tells whether the hub went along. Any status below 400 is an answer. */
  async open(
    repo: string,
    revision: string,
    path: string,
    range: { readonly from: number; readonly ifRange: string | null; readonly maxBytes: number },
  ): Promise<FetchedStream> {
    const { from, ifRange, maxBytes } = range;
    const asked = from === 0 ? {} : { range: `bytes=${from}-`, ...(ifRange === null ? {} : { 'if-range': ifRange }) };
    const common = this.#common();
    const answer = await this.#settings.fetcher.openStream(this.#resolveUrl(repo, revision, path), {
      ...common,
      headers: { ...common.headers, ...asked },
      maxBytes,
      timeoutMs: Number.POSITIVE_INFINITY,
      idleMs: 60_000,
      maxRedirects: 10,
    });
    if (answer.status < 400 || answer.status === 416) return answer;
    answer.close();
    throw answerError(answer, repo, path);
  }

  /**
   * Tries again what fails in passing (a cut connection, 429, 5xx), after the time that the hub asks for or a growing one.
   * `progressed` tells whether the failed attempt brought something: then it counts as the first again.
   */
  async patiently<T>(work: () => Promise<T>, progressed: () => boolean = () => false): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await work();
      } catch (error) {
        if (progressed()) attempt = 1;
        if (!isPassing(error)) throw error;
        if (attempt >= mostAttempts) throw withAdvice(error);
        const ms = retryAfter(error) ?? 1000 * 2 ** (attempt - 1);
        if (error instanceof ArmatureError) this.#settings.onWait?.(error, ms);
        await this.#wait(ms);
      }
    }
  }

  async #get(url: string, repo: string): Promise<Fetched> {
    return await this.patiently(async () => {
      const answer = await this.#settings.fetcher.fetchBytes(url, { maxBytes: 32 * 2 ** 20, ...this.#common() });
      if (answer.status !== 200) throw answerError(answer, repo, null);
      return answer;
    });
  }

  #common(): Pick<FetchOptions, 'headers' | 'signal'> {
    const { token, signal } = this.#settings;
    const headers: Readonly<Record<string, string>> = token === null ? {} : { authorization: `Bearer ${token}` };
    return { headers, ...(signal === undefined ? {} : { signal }) };
  }

  #resolveUrl(repo: string, revision: string, path: string): string {
    const encoded = path.split('/').map(encodeURIComponent).join('/');
    return `${this.address}/${repo}/resolve/${encodeURIComponent(revision)}/${encoded}`;
  }

  /** RFC 8288; only on the hub itself, as the token goes along. */
  #nextPage({ url, headers }: AnswerHead): string | null {
    const link = /<([^>]+)>\s*;\s*rel="?next"?/.exec(String(headers['link'] ?? ''))?.[1];
    if (link === undefined || !URL.canParse(link, url)) return null;
    const next = new URL(link, url);
    return next.origin === new URL(this.address).origin ? next.href : null;
  }

  async #wait(ms: number): Promise<void> {
    const { wait = waitFor, signal } = this.#settings;
    await wait(ms, signal);
  }
}

async function waitFor(ms: number, signal: AbortSignal | undefined): Promise<void> {
  await delay(ms, undefined, signal === undefined ? {} : { signal }).catch((cause: unknown) => {
    throw new ArmatureError('cancelled', 'The pull was stopped. Run it again and it goes on from there.', { cause });
  });
}

const listing = z.array(z.object({ type: z.string(), path: z.string(), size: z.number().optional() }));

function readListing(bytes: Uint8Array, repo: string): readonly ListedFile[] {
  try {
    const entries = listing.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    return entries.filter(({ type }) => type === 'file').map(({ path, size }) => ({ path, bytes: size ?? 0 }));
  } catch (cause) {
    throw new ArmatureError('fetch_failed', `The hub's list of files of ${repo} cannot be understood.`, { cause });
  }
}

function readHead(answers: readonly AnswerHead[], repo: string, path: string): Omit<HubFile, 'path'> {
  const header = (name: string): string | null => {
    const value = answers.map(({ headers }) => headers[name]).findLast((one) => one !== undefined);
    return typeof value === 'string' ? value : null;
  };
  const length = header('x-linked-size') ?? answers.at(-1)?.headers['content-length'] ?? null;
  const bytes = length === null ? Number.NaN : Number(length);
  if (!Number.isSafeInteger(bytes) || bytes < 0) {
    throw new ArmatureError('fetch_failed', `The hub does not say how large ${path} of ${repo} is.`);
  }
  const etag = (header('x-linked-etag') ?? header('etag') ?? '').replace(/^W\//, '').replaceAll('"', '');
  return {
    bytes,
    sha256: /^[0-9a-f]{64}$/.test(etag) ? etag : null,
    blob: /^[0-9a-f]{40}$/.test(etag) ? etag : null,
    commit: /^[0-9a-f]{40}$/.exec(header('x-repo-commit') ?? '')?.[0] ?? null,
  };
}
