import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { processorMs } from '../../children/processor-time.ts';
import { readFrames, writeFrame } from './framing.ts';
import { pack, unpack } from './packing.ts';
import type { DecoderAnswer, DecoderRequest } from './protocol.ts';

/** The child ended, or was killed, before it answered. */
export class DecoderLost extends Error {
  /** Whether it was killed because it took too long. */
  readonly late: boolean;

  constructor(how: string, late: boolean) {
    super(how);
    this.late = late;
  }
}

/** What keeps a process alive, or not: pipes do. */
interface Referable {
  ref?: () => void;
  unref?: () => void;
}

interface Work {
  readonly resolve: (answer: DecoderAnswer) => void;
  readonly reject: (error: DecoderLost) => void;
  timer?: NodeJS.Timeout;
}

/** A machine that is busy takes longer for a sound picture: by so many times the processor time that it may take. */
const mostWaiting = 10;
/** A child that uses less than this share of a processor hangs. */
const leastShare = 0.01;

/** One child that decodes one picture at a time. It ends with its parent, and does not keep it alive while it is idle. */
export class DecoderProcess {
  readonly #child: ChildProcess;
  readonly #requests: Writable & Referable;
  readonly #answers: Readable & Referable;
  #work: Work | null = null;
  #ended = false;
  #late = false;

  constructor(entry: URL) {
    const child = spawn(process.execPath, [fileURLToPath(entry)], { stdio: ['pipe', 'pipe', 'inherit'] });
    [this.#child, this.#requests, this.#answers] = [child, child.stdin, child.stdout];
    readFrames(
      this.#answers,
      (frame) => this.#take()?.resolve(unpack(frame) as DecoderAnswer),
      () => this.kill(),
    );
    // A broken pipe is followed by the child's end.
    this.#requests.on('error', () => {});
    this.#answers.on('error', () => {});
    this.#child.on('error', (error) => this.#lost(error.message));
    this.#child.on('exit', (code, signal) => this.#lost(signal ?? `exit code ${code}`));
    this.#setIdle(true);
  }

  /** Undefined where it could not be started. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** Sends a picture and waits for what comes of it, for `timeoutMs` of the child's processor time. @throws DecoderLost */
  async ask(request: DecoderRequest, timeoutMs: number): Promise<DecoderAnswer> {
    if (this.#ended) throw new DecoderLost('it had ended', false);
    this.#setIdle(false);
    return await new Promise((resolve, reject) => {
      const work: Work = { resolve, reject };
      this.#work = work;
      this.#killWhenLate(work, timeoutMs);
      writeFrame(this.#requests, pack(request));
    });
  }

  #killWhenLate(work: Work, timeoutMs: number): void {
    const began = performance.now();
    const { pid } = this.#child;
    const used = async (): Promise<number | null> => (pid === undefined ? null : await processorMs(pid));
    const before = used();
    const check = async (waitedMs: number, usedThen: number): Promise<void> => {
      const [first, now] = [await before, await used()];
      if (this.#work !== work) return;
      const spent = first === null || now === null ? null : now - first;
      const hangs = spent === null || spent - usedThen < leastShare * waitedMs;
      if (hangs || spent >= timeoutMs || performance.now() - began >= mostWaiting * timeoutMs) {
        this.#late = true;
        this.#child.kill('SIGKILL');
        return;
      }
      const rest = Math.max(timeoutMs - spent, timeoutMs / 10);
      work.timer = setTimeout(() => void check(rest, spent), rest);
    };
    work.timer = setTimeout(() => void check(timeoutMs, 0), timeoutMs);
  }

  kill(): void {
    this.#child.kill('SIGKILL');
  }

  #take(): Work | null {
    const work = this.#work;
    this.#work = null;
    if (work !== null) clearTimeout(work.timer);
    this.#setIdle(true);
    return work;
  }

  #lost(how: string): void {
    this.#ended = true;
    this.#requests.destroy();
    this.#answers.destroy();
    this.#take()?.reject(new DecoderLost(how, this.#late));
  }

  #setIdle(idle: boolean): void {
    const change = idle ? 'unref' : 'ref';
    this.#child[change]();
    this.#requests[change]?.();
    this.#answers[change]?.();
  }
}
