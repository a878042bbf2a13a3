import type { ChildProcess } from 'node:child_process';
import { processorMs } from './processor-time.ts';

/**
 * Kills a child that has work and uses no processor time: a native call that never returns holds the child's event loop,
 * so that nothing inside it could tell. Time spent computing is never a hang, however long a step takes.
 */
export class HangWatch {
  readonly #child: ChildProcess;
  readonly #timer: NodeJS.Timeout;
  readonly #checks: number;
  #busy = false;
  #idleChecks = 0;
  #lastTime: number | null = null;

  constructor(child: ChildProcess, hangAfterMs: number, intervalMs = Math.max(1000, hangAfterMs / 6)) {
    this.#child = child;
    this.#checks = Math.ceil(hangAfterMs / intervalMs);
    this.#timer = setInterval(() => void this.#check(), intervalMs);
    this.#timer.unref();
    child.on('message', () => {
      this.#idleChecks = 0;
    });
  }

  setBusy(busy: boolean): void {
    this.#busy = busy;
    this.#idleChecks = 0;
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  async #check(): Promise<void> {
    const pid = this.#child.pid;
    if (!this.#busy || pid === undefined) return;
    const time = await processorMs(pid);
    if (time === null) return;
    this.#idleChecks = time === this.#lastTime ? this.#idleChecks + 1 : 0;
    this.#lastTime = time;
    if (this.#idleChecks >= this.#checks) this.#child.kill('SIGKILL');
  }
}
