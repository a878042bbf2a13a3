import type { Command } from 'commander';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { callServer } from '../client/server-client.ts';
import { table } from '../terminal/table.ts';

/** What is read of a dead letter as the API gives it; the rest is passed on untouched. */
const letterSchema = z.looseObject({
  id: z.string(),
  finished_at: z.string(),
  attempt: z.number(),
  strikes: z.number(),
  error: z.object({ code: z.string(), detail: z.string() }),
});
const pageSchema = z.looseObject({ data: z.array(letterSchema) });
const replaySchema = z.looseObject({ replayed: z.array(z.string()), more: z.boolean() });

/** `armature jobs dead` and `armature jobs retry`. */
export function addDeadLetters(jobs: Command): void {
  const dead = jobs
    .command('dead')
    .description('the newest jobs that failed because the device or the workers did, again and again')
    .option('--limit <number>', 'how many', '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature jobs dead\n')
    .action(async (options: { limit: string; json?: true }) => {
      const query = new URLSearchParams({ limit: options.limit });
      const answer = await callServer(configOf(dead), 'GET', `/v1/dead-letters?${query.toString()}`);
      console.log(options.json === true ? JSON.stringify(answer, null, 2) : describe(pageSchema.parse(answer).data));
    });
  addSettings(dead, 'client');
  const retry = jobs
    .command('retry')
    .description('queue jobs again that failed or were cancelled')
    .argument('[ids...]', 'gen_...')
    .option('--dead', 'all that `armature jobs dead` lists')
    .addHelpText('after', '\nExample:\n  armature jobs retry --dead\n')
    .action(async (ids: readonly string[], { dead: all = false }: { dead?: boolean }) => {
      const named = ids.length > 0;
      if (named === all)
        throw new ArmatureError('invalid_config', 'Expected the ids of jobs, or --dead, but not both.');
      const config = configOf(retry);
      await (all ? replay(config) : retryEach(config, ids));
    });
  addSettings(retry, 'client');
}

type Server = Parameters<typeof callServer>[0];

async function retryEach(server: Server, ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    await callServer(server, 'POST', `/v1/generations/${encodeURIComponent(id)}/retry`);
    console.log(`${id} is queued.`);
  }
}

async function replay(server: Server): Promise<void> {
  const { replayed, more } = replaySchema.parse(await callServer(server, 'POST', '/v1/dead-letters/replay'));
  for (const id of replayed) console.log(`${id} is queued.`);
  if (more) await replay(server);
}

function describe(letters: readonly z.output<typeof letterSchema>[]): string {
  if (letters.length === 0) return 'No dead jobs.';
  const rows = letters.map(({ id, finished_at: died, attempt, strikes, error }) => [
    id,
    died,
    String(attempt),
    String(strikes),
    error.detail,
  ]);
  return table(['JOB', 'DIED', 'ATTEMPTS', 'STRIKES', 'ERROR'], rows);
}
