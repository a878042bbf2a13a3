import type { Command } from 'commander';
import { z } from 'zod';
import { addDeadLetters } from './dead-letters.ts';
import { configOf, addSettings } from '../settings/setting-options.ts';
import { callServer } from '../client/server-client.ts';
import { table } from '../terminal/table.ts';

/** What is read of a job as the API gives it; the rest is passed on untouched. */
const jobSchema = z.looseObject({
  id: z.string(),
  kind: z.string(),
  status: z.string(),
  created_at: z.string(),
  effective: z.looseObject({
    prompt: z.string().optional(),
    condition: z.string().optional(),
    model: z.object({ id: z.string() }).optional(),
  }),
  progress: z.object({ step: z.number(), steps: z.number() }).nullish(),
  error: z.object({ code: z.string(), detail: z.string() }).nullish(),
});
const pageSchema = z.looseObject({ data: z.array(jobSchema) });

/** Characters of a prompt that a list shows. */
const longestSubject = 48;

type ShownJob = z.output<typeof jobSchema>;

export function addJobs(jobs: Command): void {
  const list = jobs
    .command('list')
    .description('the newest jobs')
    .option('--status <status>', 'only those that are queued, running, succeeded, failed or cancelled')
    .option('--limit <number>', 'how many', '20')
    .option('--json', 'as JSON')
    .addHelpText('after', '\nExample:\n  armature jobs list --status failed\n')
    .action(async (options: { status?: string; limit: string; json?: true }) => {
      const query = new URLSearchParams({ limit: options.limit });
      if (options.status !== undefined) query.set('status', options.status);
      const answer = await callServer(configOf(list), 'GET', `/v1/generations?${query.toString()}`);
      console.log(
        options.json === true ? JSON.stringify(answer, null, 2) : describeJobs(pageSchema.parse(answer).data),
      );
    });
  addSettings(list, 'client');
  const show = jobs
    .command('show')
    .description('everything about one job, as JSON')
    .argument('<id>', 'gen_...')
    .addHelpText('after', '\nExample:\n  armature jobs show gen_01990f6e-0000-7000-8000-000000000000\n')
    .action(async (id: string) => {
      const answer = await callServer(configOf(show), 'GET', jobPath(id));
      console.log(JSON.stringify(answer, null, 2));
    });
  addSettings(show, 'client');
  const cancel = jobs
    .command('cancel')
    .description('stop one job: a waiting one at once, a running one within a step')
    .argument('<id>', 'gen_...')
    .addHelpText('after', '\nExample:\n  armature jobs cancel gen_01990f6e-0000-7000-8000-000000000000\n')
    .action(async (id: string) => {
      const answer = await callServer(configOf(cancel), 'POST', `${jobPath(id)}/cancel`);
      const { status } = jobSchema.parse(answer);
      console.log(status === 'running' ? `${id} stops after its present step.` : `${id} is ${status}.`);
    });
  addSettings(cancel, 'client');
  addDeadLetters(jobs);
}

function jobPath(id: string): string {
  return `/v1/generations/${encodeURIComponent(id)}`;
}

function describeJobs(jobs: readonly ShownJob[]): string {
  if (jobs.length === 0) return 'No jobs.';
  const rows = jobs.map((job) => [
    job.id,
    job.status,
    describeProgress(job),
    job.created_at,
    job.kind,
    job.effective.model?.id ?? '',
    describeSubject(job),
    job.error?.detail ?? '',
  ]);
  return table(['JOB', 'STATUS', 'STEP', 'ACCEPTED', 'KIND', 'MODEL', 'PROMPT', 'ERROR'], rows);
}

/** The prompt on one line, cut where it is long; of an extraction the condition. */
function describeSubject({ effective: { prompt, condition } }: ShownJob): string {
  const text = (prompt ?? `map for ${condition ?? 'a condition'}`).replaceAll(/\p{C}|\s+/gu, ' ').trim();
  const letters = Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
  return letters.length > longestSubject ? `${letters.slice(0, longestSubject - 1).join('')}…` : text;
}

function describeProgress({ progress }: ShownJob): string {
  return progress === null || progress === undefined ? '' : `${progress.step}/${progress.steps}`;
}
