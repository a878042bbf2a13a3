import { DatabaseThread } from '../../src/records/database/database-thread.ts';

/** How often a statement ran, and for how long in all and at most, in milliseconds. */
export interface StatementTimes {
  readonly text: string;
  readonly count: number;
  readonly total: number;
  readonly longest: number;
}

/** Measures every statement of the embedded database from now on; the result gives those since it was last asked. */
export function measureStatements(): () => readonly StatementTimes[] {
  const times = new Map<string, StatementTimes>();
  // oxlint-disable-next-line typescript/unbound-method
  const { run } = DatabaseThread.prototype;
  DatabaseThread.prototype.run = async function measured(text, parameters) {
    const start = performance.now();
    try {
      return await run.call(this, text, parameters);
    } finally {
      const took = performance.now() - start;
      const { count, total, longest } = times.get(text) ?? { count: 0, total: 0, longest: 0 };
      times.set(text, { text, count: count + 1, total: total + took, longest: Math.max(longest, took) });
    }
  };
  return () => {
    const found = [...times.values()];
    times.clear();
    return found;
  };
}
