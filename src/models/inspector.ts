import { type ChildProcess, fork } from 'node:child_process';
import { wasToldToEnd } from '../children/told-to-end.ts';
import type { inspect } from './inspect.ts';
import type { FromInspector, ToInspector } from './inspector-protocol.ts';
import { rejectedFinding } from './rejected-finding.ts';
import type { Finding } from './finding.ts';

/** Looks into candidates: what it finds, or why they cannot be used. */
export type Inspect = typeof inspect;

export interface InspectorSettings {
  /** The child's entry file; by default the built inspector-main.js beside this file. */
  readonly entry?: URL;
  /** Milliseconds that one candidate may take, whatever lies in it. */
  readonly mostMs?: number;
  /** Milliseconds without work after which the child ends. */
  readonly idleMs?: number;
}

interface Work {
  readonly id: number;
  readonly asked: Parameters<Inspect>;
  readonly resolve: (finding: Finding) => void;
}

/** Memory of the child's JavaScript, in MB: the largest header that is taken fits in several times. */
const heapMegabytes = 1536;

/**
 * Looks into candidates in a child process, one after the other, so that a file of any kind costs its own listing time and
 * nothing else: no header holds the caller's event loop. The child starts with the first candidate and ends when there has
 * been none for a while. A candidate over which it dies, or that takes too long, is rejected; those behind it go to a new
 * child. It never keeps its parent alive but for work that it has.
 */
export class Inspector {
  readonly #entry: URL;
  readonly #mostMs: number;
  readonly #idleMs: number;
  readonly #waiting: Work[] = [];
  #inWork: Work | null = null;
  #child: ChildProcess | null = null;
  #timer: NodeJS.Timeout | undefined;
  #lastId = 0;

  constructor({
    entry = new URL('./inspector-main.js', import.meta.url),
    mostMs = 60_000,
    idleMs = 5000,
  }: InspectorSettings = {}) {
    this.#entry = entry;
    this.#mostMs = mostMs;
    this.#idleMs = idleMs;
  }

  /** Process id of the child; undefined while there is none. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Never throws: what cannot be used is rejected. */
  async inspect(...asked: Parameters<Inspect>): Promise<Finding> {
    return await new Promise((resolve) => {
      this.#waiting.push({ id: ++this.#lastId, asked, resolve });
      this.#next();
    });
  }

  /** Ends the child at once. What was asked and not answered never is. */
  close(): void {
    this.#waiting.splice(0);
    this.#inWork = null;
    clearTimeout(this.#timer);
    this.#child?.kill('SIGKILL');
    this.#child = null;
  }

  #next(): void {
    if (this.#inWork !== null) return;
    clearTimeout(this.#timer);
    const work = this.#waiting.shift();
    const child = (this.#child ??= work === undefined ? null : this.#start());
    if (child === null) return;
    if (work === undefined) {
      child.channel?.unref();
      this.#timer = setTimeout(() => this.#end(child), this.#idleMs).unref();
      return;
    }
    this.#inWork = work;
    child.channel?.ref();
    const late = `took more than ${this.#mostMs / 1000} seconds to be looked into`;
    this.#timer = setTimeout(() => this.#lose(child, late), this.#mostMs);
    // A failed send is followed by the child's end, which settles the work.
    child.send({ id: work.id, asked: work.asked } satisfies ToInspector, () => undefined);
  }

  #start(): ChildProcess {
    const child = fork(this.#entry, [], {
      serialization: 'advanced',
      execArgv: [`--max-old-space-size=${heapMegabytes}`],
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    child.unref();
    child.on('message', ({ id, finding }: FromInspector) => {
      if (this.#inWork?.id === id) this.#settle(finding);
    });
    child.on('error', ({ message }) => this.#lose(child, `could not be looked into: ${message}`));
    child.on('exit', (code, signal) => {
      if (wasToldToEnd(signal)) this.#takeBack(child);
      this.#lose(child, `ended the process that looked into it (${signal ?? `exit code ${code}`})`);
    });
    return child;
  }

  #end(child: ChildProcess): void {
    if (this.#child === child) this.#child = null;
    if (child.connected) child.disconnect();
  }

  /** What is in work goes to the next child. */
  #takeBack(child: ChildProcess): void {
    if (this.#child !== child || this.#inWork === null) return;
    this.#child = null;
    this.#waiting.unshift(this.#inWork);
    this.#inWork = null;
    this.#next();
  }

  /** The child is gone, or is given up. */
  #lose(child: ChildProcess, problem: string): void {
    if (this.#child !== child) return;
    this.#child = null;
    child.kill('SIGKILL');
    const work = this.#inWork;
    if (work === null) return;
    this.#settle(rejectedFinding(work.asked[0], problem));
  }

  #settle(finding: Finding): void {
    const work = this.#inWork;
    this.#inWork = null;
    work?.resolve(finding);
    this.#next();
  }
}
