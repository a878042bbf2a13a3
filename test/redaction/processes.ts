import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import { spawnArmature } from '../cli/armature.ts';

/** A process of the product, and all that it has written to stdout and stderr. */
export class TalkingProcess {
  readonly #child: ChildProcess;
  readonly #closed: Promise<unknown>;
  #said = '';

  constructor(args: readonly string[], environment: Readonly<Record<string, string>>) {
    this.#child = spawnArmature(args, environment);
    this.#closed = once(this.#child, 'close');
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (text: Buffer) => (this.#said += text.toString()));
    }
  }

  get said(): string {
    return this.#said;
  }

  /** Resolves when `url` answers with `status`. */
  async untilItAnswers(url: string, status: number): Promise<void> {
    const deadline = performance.now() + 60_000;
    for (;;) {
      const answer = await fetch(url).catch(() => null);
      await answer?.body?.cancel();
      if (answer?.status === status) return;
      if (this.#child.exitCode !== null) throw new Error(`The process ended: ${this.#said}`);
      if (performance.now() > deadline) throw new Error(`${url} does not answer ${status}: ${this.#said.slice(-2000)}`);
      await pause(50);
    }
  }

  /** Resolves when the process has ended by itself. */
  async ended(): Promise<void> {
    await this.#closed;
  }

  async stop(): Promise<void> {
    this.#child.kill('SIGTERM');
    await this.#closed;
  }
}
