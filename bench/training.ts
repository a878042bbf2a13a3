/** A service trains the embedded model's ControlNet on pairs of toy scenes for so many minutes; what it learnt is appended to a file. The same command goes on where it was stopped. */
import { appendFileSync, existsSync, mkdirSync, openAsBlob, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { create as createTar } from 'tar';
import { Service } from '../test/support/service.ts';

// npm run bench -- training --minutes 15 --kind normal --pairs DIR --results FILE [--wish '{"batch": 16}']
// DIR comes of bench/toy-scenes/render_pairs.py. The service keeps its data in DIR-KIND-MINUTES, where the model lies in the end.
const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    kind: { type: 'string', default: 'normal' },
    pairs: { type: 'string' },
    results: { type: 'string' },
    output: { type: 'string' },
    wish: { type: 'string', default: '{}' },
  },
});
const { minutes, kind, pairs, results, wish } = values;
if (pairs === undefined || results === undefined) throw new Error('Expected --pairs DIR and --results FILE.');
const output = resolve(values.output ?? `${pairs}-${kind}-${minutes}`);
mkdirSync(output, { recursive: true });

interface Training {
  readonly status: string;
  readonly effective: { readonly name: string };
  readonly progress: { readonly step: number; readonly steps: number; readonly training?: object } | null;
  readonly error: { readonly detail: string } | null;
}

interface Look {
  readonly step: number;
  readonly g: number | null;
  readonly interval: readonly [number, number] | null;
  readonly ceiling: number | null;
  readonly own: number | null;
  readonly shuffled: number | null;
}

const service = await Service.start({ data: join(output, 'data') });
process.once('SIGINT', () => void service.stop().then(() => process.exit(130)));

async function ask<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  const response = await service.fetch(path, init);
  const text = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  return (text === '' ? null : JSON.parse(text)) as Answer;
}

/** What is there already of an earlier run, or is made now. */
async function once(name: string, make: () => Promise<string>): Promise<string> {
  const path = join(output, name);
  if (existsSync(path)) return readFileSync(path, 'utf8');
  const made = await make();
  writeFileSync(path, made);
  return made;
}

async function sendSet(): Promise<string> {
  const archive = join(output, 'pairs.tar');
  await createTar({ file: archive, cwd: pairs as string }, ['.']);
  const { id } = await ask<{ readonly id: string }>('/v1/uploads?kind=set', { method: 'POST' });
  await ask(`/v1/uploads/${id}`, { method: 'PUT', body: await openAsBlob(archive) });
  return id;
}

const pairCount = readFileSync(join(pairs, 'pairs.jsonl'), 'utf8').trim().split('\n').length;

async function begin(set: string): Promise<string> {
  const request = {
    kind: 'controlnet',
    condition: kind,
    name: kind,
    minutes: Number(minutes),
    batch: 8,
    learning_rate: 1e-4,
    ema: 0.99,
    seed: 1,
    validation: { every: 1_000_000, maps: 64 },
    validation_split: Math.min(0.5, 64 / pairCount),
    data: { upload_id: set },
    ...(JSON.parse(wish) as object),
  };
  const headers = { 'content-type': 'application/json' };
  const { id } = await ask<{ readonly id: string }>('/v1/trainings', {
    method: 'POST',
    headers,
    body: JSON.stringify(request),
  });
  return id;
}

try {
  const startedAt = performance.now();
  const id = await once('training', async () => await begin(await once('set', sendSet)));
  let training: Training;
  for (let round = 0; ; round++) {
    training = await ask<Training>(`/v1/trainings/${id}`);
    if (!['queued', 'running'].includes(training.status)) break;
    if (round % 15 === 0) console.log(JSON.stringify(training.progress));
    await pause(2000);
  }
  if (training.status !== 'succeeded') throw new Error(`The training ${training.status}: ${training.error?.detail}`);
  const { data: looks } = await ask<{ readonly data: readonly Look[] }>(`/v1/trainings/${id}/validations?limit=100`);
  const last = looks.at(-1);
  const line = {
    kind,
    minutes: Number(minutes),
    pairs: pairCount,
    wish: JSON.parse(wish) as object,
    steps: training.progress?.steps,
    g: last?.g ?? null,
    interval: last?.interval ?? null,
    ceiling: last?.ceiling ?? null,
    own: last?.own ?? null,
    shuffled: last?.shuffled ?? null,
    // Of this command: less than the whole where it went on.
    seconds: Math.round((performance.now() - startedAt) / 1000),
    model: training.effective.name,
  };
  appendFileSync(results, `${JSON.stringify(line)}\n`);
  console.log(JSON.stringify(line));
} finally {
  await service.stop();
}
