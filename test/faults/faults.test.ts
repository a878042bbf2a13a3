import { describe, expect, it } from 'vitest';
import { postgresMissing, redisMissing } from '../support/servers.ts';
import { Report } from './harness/report.ts';
import { scenarios } from './scenarios.ts';

/** The scripts of `npm run faults`, with small numbers. */
describe('faults, in short', () => {
  for (const [name, { run, short, title, alone = false, missing = null }] of Object.entries(scenarios)) {
    const why = (alone ? null : (postgresMissing ?? redisMissing)) ?? missing;
    it.skipIf(why !== null)(
      `${name}: ${title}${why === null ? '' : ` (${why})`}`,
      async () => {
        const report = new Report();
        await run(short, report);
        console.log(`${title}\n${report.toString()}`);
        expect(report.missed).toEqual([]);
      },
      300_000,
    );
  }
});
