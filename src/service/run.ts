import type { Dialect } from '../server/dialects/contract/dialect.ts';
import type { Config } from '../config/config.ts';
import type { Closing } from './closing.ts';
import type { Listening } from './listen.ts';

/** Which of the parts a process runs: both, or the HTTP side, or the drawing side. */
export type Role = 'serve' | 'api' | 'worker';

export interface RunHooks {
  /** Called before something that may take seconds, with what it is. */
  readonly onStep?: (text: string) => void;
  /** Called once the server answers. */
  readonly onListening?: (listening: Listening) => void;
  /** Called once the service is told to stop, with what it does now and how to end it at once. */
  readonly onStopping?: (notice: string) => void;
}

/** How a service is run. */
export interface Run {
  readonly config: Config;
  readonly role: Role;
  readonly hooks: RunHooks;
  /** What its server speaks. */
  readonly dialects: readonly Dialect[];
  readonly closing: Closing;
  /** Aborts when the service is told to stop. */
  readonly draining: AbortSignal;
}
