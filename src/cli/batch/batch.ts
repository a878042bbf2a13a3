import { basename, resolve } from 'node:path';
import type { Command } from 'commander';
import { findCondition } from '../../conditions/registry.ts';
import type { Config } from '../../config/config.ts';
import { ArmatureError } from '../../errors.ts';
import { outputFormats } from '../../generation/request/choices.ts';
import { Journal, journalName } from './journal.ts';
import { LocalPictures } from './local-pictures.ts';
import { requireApart, takeFolder } from './output-folder.ts';
import {
  type BatchItem,
  type FailedItem,
  itemsOfFile,
  itemsOfFolder,
  withKeys,
  type WrittenItem,
} from './read-items.ts';
import { runBatch } from './run-batch.ts';
import { numberOrText } from '../controls/command-fields.ts';
import { addControls, type ControlArgument } from '../controls/control-options.ts';
import { generationBody } from '../generate/generation-body.ts';
import { addGenerationOptions } from '../generate/generation-options.ts';
import { showItems } from '../terminal/progress.ts';
import { callServer } from '../client/server-client.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { interruption } from '../../service/shutdown.ts';
import { controlBodies } from '../controls/control-bodies.ts';
import { replaceFiles } from '../files/request-files.ts';
import type { BatchRun } from './batch-run.ts';

interface Options {
  readonly output: string;
  readonly images?: string;
  readonly prompt?: string;
  readonly model?: string;
  readonly format?: string;
  readonly priority?: number | string;
}

const examples = `
Examples:
  armature batch requests.jsonl -o pictures/
  armature batch --images photos/ --condition canny --prompt "a watercolour" -o pictures/
  armature batch --images poses/ --condition openpose --map --prompt "a dancer" --seed 7 --steps 20 -o pictures/
  armature batch --images photos/ --condition depth --control-scale 0.7 --prompt "a ruin" -n 4 -o pictures/

A line of requests.jsonl is a request as POST /v1/generations takes it, in which "image": "photo.png" or {"file": "photo.png"} is
a picture beside that file: {"prompt": "a cube", "controls": [{"type": "canny", "image": "photo.png"}]}

Run it again and it does what is missing: what was interrupted goes on, what failed is drawn again, and nothing is drawn twice. It
keeps a journal in the output folder, ${journalName}. A picture whose request has changed gets a new name, and so does one whose
name something else has: no file is ever replaced. The exit code is 1 where some have failed.
`;

const defaultFormat = 'png';

/** The file of a control that stands for each picture of the folder. */
const eachPicture = '';

export function addBatch(command: Command): void {
  command
    .argument('[file]', 'requests as JSON Lines')
    .requiredOption('-o, --output <folder>', 'where the pictures go')
    .option('--images <folder>', 'instead of a file: one request for each picture of a folder')
    .option('--prompt <text>', 'with --images: what to draw')
    .option('--model <id>', "with --images: base model; the server's default where it is left out")
    .option('--format <format>', `with --images: ${outputFormats.join(', ')} (default: ${defaultFormat})`)
    .option('--priority <number>', '0 to 9, the higher the sooner', numberOrText);
  addGenerationOptions(command);
  const controls = addControls(command);
  command.option(
    '--condition <id>',
    'with --images: a control by each of these pictures (repeatable)',
    (id: string) => {
      controls.add(id, eachPicture);
    },
  );
  addSettings(command, 'client');
  command.addHelpText('after', examples);
  command.action(async (file: string | undefined, options: Options) => {
    const items = await readItems(file, options, controls.list);
    await drawAll(configOf(command), items, options, basename(file ?? options.images ?? 'batch'));
  });
}

async function readItems(
  file: string | undefined,
  options: Options,
  controls: readonly ControlArgument[],
): Promise<readonly WrittenItem[]> {
  const { images } = options;
  if (file !== undefined && images === undefined) {
    refuseOptions(options, controls);
    return await itemsOfFile(file);
  }
  if (file === undefined && images !== undefined) return await readFolder(images, options, controls);
  throw new ArmatureError('invalid_request', 'Expected either a file of requests or --images with a folder.');
}

async function readFolder(
  folder: string,
  options: Options,
  controls: readonly ControlArgument[],
): Promise<readonly WrittenItem[]> {
  const { prompt, model, format = defaultFormat } = options;
  if (prompt === undefined)
    throw new ArmatureError('invalid_request', 'Expected --prompt with --images: what to draw.');
  const steering = controls.filter(({ file }) => file === eachPicture);
  if (steering.length === 0) {
    throw new ArmatureError('invalid_request', 'Expected --condition with --images: what each picture steers.');
  }
  for (const { type } of steering) findCondition(type);
  await requireApart(folder, resolve(options.output));
  const body = generationBody(prompt, model, options, await controlBodies(controls), format);
  return await itemsOfFolder(folder, (picture) =>
    replaceFiles(body, (file) => ({ file: resolve(file === eachPicture ? picture : file) })),
  );
}

/** Options that make a request have no meaning where the requests are in a file. */
function refuseOptions(options: Options, controls: readonly ControlArgument[]): void {
  const known = new Set(['output', 'priority', 'server', 'apiKey']);
  const stray = Object.keys(options).find((name) => !known.has(name));
  if (stray === undefined && controls.length === 0) return;
  const name = stray?.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`) ?? controls[0]!.type;
  const detail = `--${name} goes with --images only: a file of requests says everything itself.`;
  throw new ArmatureError('invalid_request', detail);
}

async function drawAll(config: Config, written: readonly WrittenItem[], options: Options, name: string): Promise<void> {
  const folder = resolve(options.output);
  const pictures = new LocalPictures();
  const { items, unreadable } = await withKeys(written, pictures);
  const lock = await takeFolder(folder);
  const { signal, release } = interruption();
  try {
    const journal = await Journal.open(folder);
    const run = { server: config, folder, name, priority: options.priority, pictures, journal, signal };
    const failed = await drawMissing(run, items);
    summarize([...unreadable, ...failed], written.length, options.output);
  } catch (error) {
    if (!signal.aborted) throw error;
    const detail = 'Stopped. The server goes on with what it has: run the same command again for the rest.';
    throw new ArmatureError('cancelled', detail, { cause: error });
  } finally {
    release();
    await lock.release();
  }
}

/** Has drawn what is not in the folder yet, and returns what failed. */
async function drawMissing(
  run: Omit<BatchRun, 'onItem' | 'onSteps' | 'onWait'>,
  items: readonly BatchItem[],
): Promise<readonly FailedItem[]> {
  const missing = await notDone(items, run.journal);
  let done = items.length - missing.length;
  if (done > 0) console.error(`${done} of ${items.length} are there already`);
  // A server that is not there at all, or wants another key, is told at once; one that goes away later is waited for.
  if (missing.length > 0) await callServer(run.server, 'GET', '/v1/batches?limit=1');
  const progress = showItems(process.stderr, items.length);
  const onItem = (): void => progress.done((done += 1));
  const onWait = (error: ArmatureError): void => console.error(`waiting: ${error.message}`);
  try {
    if (missing.length > 0) progress.begin(done);
    return await runBatch({ ...run, onItem, onSteps: progress.steps, onWait }, missing);
  } finally {
    progress.stop();
  }
}

async function notDone(items: readonly BatchItem[], journal: Journal): Promise<readonly BatchItem[]> {
  const missing: BatchItem[] = [];
  for (const item of items) if (!(await journal.isDone(item.key))) missing.push(item);
  return missing;
}

/** Most failures that are told one by one. */
const mostTold = 10;

function summarize(failed: readonly FailedItem[], total: number, folder: string): void {
  console.log(`${total - failed.length} of ${total} items are drawn, in ${folder}`);
  if (failed.length === 0) return;
  for (const { stem, detail } of failed.slice(0, mostTold)) console.error(`failed: ${stem}: ${detail}`);
  if (failed.length > mostTold) console.error(`... and ${failed.length - mostTold} more`);
  const detail = `${failed.length} of ${total} failed: run the same command again to try them once more.`;
  throw new ArmatureError('conflict', detail);
}
