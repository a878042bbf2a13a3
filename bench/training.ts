/** Trains the embedded model's ControlNet on pairs of toy scenes for so many minutes, and appends what it learnt to a file. The same command goes on where it was stopped. */
import { spawn } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

// npm run bench -- training --minutes 15 --kind normal --pairs DIR --results FILE [-- options of armature train]
// DIR comes of bench/toy-scenes/render_pairs.py; what is trained lies in DIR-KIND-MINUTES.
const { values, positionals } = parseArgs({
  options: {
    minutes: { type: 'string', default: '15' },
    kind: { type: 'string', default: 'normal' },
    pairs: { type: 'string' },
    results: { type: 'string' },
    output: { type: 'string' },
  },
  allowPositionals: true,
});
const { minutes, kind, pairs, results } = values;
if (pairs === undefined || results === undefined) throw new Error('Expected --pairs DIR and --results FILE.');
const output = resolve(values.output ?? `${pairs}-${kind}-${minutes}`);

interface Line {
  readonly step: number;
  readonly g: number | null;
  readonly interval: readonly [number, number] | null;
  readonly ceiling: number | null;
  readonly own: number | null;
}

interface Figures {
  readonly record: { readonly ended: boolean; readonly plan: { readonly steps: number } };
  readonly lines: readonly Line[];
}

/** What the folder says of its training; null where there is none. */
function figures(): Figures | null {
  const record = join(output, 'training.json');
  const log = join(output, 'validation.jsonl');
  if (!existsSync(record)) return null;
  const text = existsSync(log) ? readFileSync(log, 'utf8') : '';
  return {
    record: JSON.parse(readFileSync(record, 'utf8')) as Figures['record'],
    lines: text.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Line])),
  };
}

const heldOut = String(Math.min(0.5, 64 / linesOf(pairs)));
const usual =
  `--kind controlnet --condition ${kind} --name ${kind} --minutes ${minutes} --batch 8 --learning-rate 1e-4 --ema 0.99 --seed 1
  --validation-every 1000000 --validation-maps 64 --validation-split ${heldOut}`.split(/\s+/);

/** Pairs of a set. */
function linesOf(folder: string): number {
  return readFileSync(join(folder, 'pairs.jsonl'), 'utf8').trim().split('\n').length;
}

async function train(): Promise<number> {
  const command = fileURLToPath(new URL('../../../dist/cli.js', import.meta.url));
  const child = spawn(process.execPath, [command, 'train', pairs as string, '-o', output, ...usual, ...positionals], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return await new Promise((end) => child.on('exit', (code) => end(code ?? 1)));
}

const startedAt = performance.now();
if (figures()?.record.ended !== true && (await train()) !== 0) process.exit(1);
const { record, lines } = figures() as Figures;
const last = lines.at(-1);
const line = {
  kind,
  minutes: Number(minutes),
  pairs: linesOf(pairs),
  g: last?.g ?? null,
  interval: last?.interval ?? null,
  ceiling: last?.ceiling ?? null,
  own: last?.own ?? null,
  // Of this command: less than the whole where it went on.
  seconds: Math.round((performance.now() - startedAt) / 1000),
  steps: record.plan.steps,
};
appendFileSync(results, `${JSON.stringify(line)}\n`);
console.log(JSON.stringify(line));
