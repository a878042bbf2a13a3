import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { cleanEnvironment, type Finished } from './armature.ts';

/**
 * One process that runs `armature` again and again: for what commands say, where a process for each would only load everything once more.
 * One command at a time.
 */
export class OneProcess {
  readonly #child: ChildProcess = fork(fileURLToPath(new URL('one-process-entry.mjs', import.meta.url)), {
    env: cleanEnvironment(),
    execArgv: [],
  });
  readonly #ended = once(this.#child, 'exit');

  async run(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Finished> {
    const answered = once(this.#child, 'message') as Promise<[Finished]>;
    this.#child.send({ args, env });
    const lost = this.#ended.then(() => {
      throw new Error('The process has ended: see above.');
    });
    const [finished] = await Promise.race([answered, lost]);
    return finished;
  }

  async close(): Promise<void> {
    this.#child.disconnect();
    await this.#ended;
  }
}
