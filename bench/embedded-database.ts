/** The embedded database in its thread and in the caller's own: opening, round trips, memory, how long the caller is held. Flags: --rounds 3 */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { PGlite } from '@electric-sql/pglite';
import { openEmbedded } from '../src/records/database/embedded.ts';

const { values } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, place: { type: 'string' }, folder: { type: 'string' } },
});

const places = ['own thread', "caller's thread"] as const;
const statements = 2000;
/** Takes about a second. */
const long = 'select count(*) from generate_series(1, 3000000) as n';

interface Opened {
  readonly query: (text: string, parameters?: readonly unknown[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

async function open(place: string, folder: string): Promise<Opened> {
  if (place === places[0]) {
    const database = await openEmbedded(folder);
    return {
      query: async (text, parameters) => await database.pool.query(text, parameters),
      close: async () => await database.close(),
    };
  }
  const pglite = await PGlite.create(folder);
  return {
    query: async (text, parameters) => await pglite.query(text, [...(parameters ?? [])]),
    close: async () => await pglite.close(),
  };
}

const cpu = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

/** Opens the database and measures it, in a process of its own. */
async function measureOne(place: string, folder: string): Promise<Record<string, number>> {
  const [time, work] = [performance.now(), cpu()];
  const database = await open(place, folder);
  const opened = { 'open, ms': performance.now() - time, 'open, CPU ms': cpu() - work };
  for (let index = 0; index < 200; index += 1) await database.query('select $1::int', [index]);
  const [start, startWork] = [performance.now(), cpu()];
  for (let index = 0; index < statements; index += 1) await database.query('select $1::int', [index]);
  const trips = {
    'round trip, us': ((performance.now() - start) * 1000) / statements,
    'round trip, CPU us': ((cpu() - startWork) * 1000) / statements,
  };
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  await pause(20);
  await database.query(long);
  await pause(20);
  delay.disable();
  const resident = process.memoryUsage.rss() / 2 ** 20;
  await database.close();
  return { ...opened, ...trips, 'longest hold of the loop, ms': delay.max / 1e6, 'resident, MiB': resident };
}

function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)]!;
}

async function compare(rounds: number): Promise<void> {
  const measured = new Map<string, Record<string, number>[]>();
  for (let round = 0; round < rounds; round += 1) {
    for (const place of places) {
      const folder = await mkdtemp(join(tmpdir(), 'armature-embedded-'));
      for (const which of ['new folder', 'existing folder']) {
        const args = [fileURLToPath(import.meta.url), '--place', place, '--folder', join(folder, 'database')];
        const figures = JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as Record<
          string,
          number
        >;
        const key = `${which}, ${place}`;
        measured.set(key, [...(measured.get(key) ?? []), figures]);
      }
      await rm(folder, { recursive: true });
    }
  }
  for (const [key, runs] of [...measured].toSorted(([a], [b]) => a.localeCompare(b))) {
    console.log(key);
    for (const figure of Object.keys(runs[0]!)) {
      console.log(
        `  ${figure.padEnd(30)} ${median(runs.map((run) => run[figure]!))
          .toFixed(0)
          .padStart(8)}`,
      );
    }
  }
}

if (values.place === undefined || values.folder === undefined) await compare(Number(values.rounds));
else console.log(JSON.stringify(await measureOne(values.place, values.folder)));
