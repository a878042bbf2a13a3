import type { Parse } from './values.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * What a process does that needs a setting: it answers requests, draws the jobs that wait, is a worker and nothing else, keeps
 * objects, records or a queue, looks through models, draws by itself, runs networks by itself, speaks to a running server, pulls models.
 */
export type Use =
  | 'requests'
  | 'jobs'
  | 'worker'
  | 'objects'
  | 'records'
  | 'queue'
  | 'library'
  | 'pictures'
  | 'networks'
  | 'client'
  | 'pull';

/** All that is said of a setting, once: the configuration's types, the options of commands and docs/settings.md come from it. */
export interface Setting<Value = unknown> {
  /** Long flag without dashes; its variable is ARMATURE_ and the same in capitals. */
  readonly flag: string;
  /** Placeholder of the flag's argument; absent for a switch. */
  readonly argument?: string;
  readonly description: string;
  /** Further environment variables, asked after the setting's own. */
  readonly aliases?: readonly string[];
  /** Present where the flag may be given several times; in the environment the values are joined by it. */
  readonly separator?: string;
  /** Commands that do one of these have the flag; those of none go by the variable alone. */
  readonly takenFor: readonly Use[];
  /** Nothing that is written about the process shows it: the whole value, or the password in its URL. */
  readonly secret?: 'whole' | 'password';
  /** Throws a Mismatch that says what was expected. */
  readonly parse: Parse<Value>;
  readonly fallback: (environment: Environment) => Value;
  /** The default in words, where it depends on the machine or is none. */
  readonly fallbackText?: string;
}

/** A setting that always has a value. */
export function setting<const Value>(
  row: Omit<Setting<Value>, 'fallback'> & { readonly fallback: (environment: Environment) => NoInfer<Value> },
): Setting<Value> {
  return row;
}

/** A setting that is null where nobody says it. */
export function optional<Value>(row: Omit<Setting<Value>, 'fallback'>): Setting<Value | null> {
  return { ...row, fallback: () => null };
}

/** The variable that stands for a flag: `--redis-url` is ARMATURE_REDIS_URL. */
export function variableOf(row: Pick<Setting, 'flag'>): string {
  return `ARMATURE_${row.flag.toUpperCase().replaceAll('-', '_')}`;
}
