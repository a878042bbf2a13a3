import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { postgresMissing, redisMissing } from '../support/servers.ts';
import { root } from '../support/service.ts';

const missing = postgresMissing ?? redisMissing;
const script = fileURLToPath(new URL('scripts/bench.mjs', root));

/** Every answer of the bench has to have the right status, or it fails; its figures are nobody's to judge here. */
it.skipIf(missing !== null)(
  `the bench api-throughput, in short, prints its figures${missing === null ? '' : ` (${missing})`}`,
  async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [script, 'api-throughput', '--requests', '100']);
    const figures = /^(.+?) +[\d.]+ s per 1,000 +\d+\/s  p99 [\d.]+ ms/gm;
    expect([...stdout.matchAll(figures)].map(([, what]) => what)).toEqual(
      ['PostgreSQL + Redis', 'embedded'].flatMap((name) => [
        'bare Fastify, GET',
        'bare Fastify, POST',
        `${name}: reads of waiting jobs`,
        `${name}: reads of final jobs`,
        `${name}: submissions`,
      ]),
    );
  },
  300_000,
);
