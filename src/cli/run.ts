import { Command, CommanderError } from 'commander';
import { debugging } from '../config/environment.ts';
import { ArmatureError, systemReason } from '../errors.ts';
import { tolerateClosedOutput } from './terminal/closed-output.ts';
import { exitCodeOf, exitCodes, isStopped } from './terminal/exit-codes.ts';
import { packageVersion } from '../service/package-version.ts';
import { forgetPlaces, placesUsed } from './settings/places.ts';
import type { RunHooks } from '../service/run.ts';
import { interruptedBy } from '../service/shutdown.ts';

interface CommandRow {
  readonly description: string;
  /** Gives the command its arguments, options and work. */
  readonly add: (command: Command, hooks: RunHooks) => Promise<void>;
}

/** In the order of --help. Only the one that is called is loaded: each brings large parts of the product. */
const commands: Readonly<Record<string, CommandRow>> = {
  serve: {
    description: 'answer requests and draw, in one process with its children',
    add: async (command, hooks) => (await import('./serve.ts')).addServe(command, hooks),
  },
  api: {
    description: 'answer requests and leave the drawing to workers; needs PostgreSQL',
    add: async (command, hooks) => (await import('./api.ts')).addApi(command, hooks),
  },
  worker: {
    description: 'draw what the api accepted; needs PostgreSQL',
    add: async (command) => (await import('./worker.ts')).addWorker(command),
  },
  generate: {
    description: 'draw pictures here and now, without a server',
    add: async (command) => (await import('./generate/generate.ts')).addGenerate(command),
  },
  extract: {
    description: 'make the map of a picture that a ControlNet is steered by',
    add: async (command) => (await import('./extract.ts')).addExtract(command),
  },
  upscale: {
    description: 'make a picture larger',
    add: async (command) => (await import('./upscale.ts')).addUpscale(command),
  },
  train: {
    description: 'train a ControlNet or a LoRA on pictures of your own',
    add: async (command) => (await import('./train/train.ts')).addTrain(command),
  },
  models: {
    description: 'list, show, pull and remove models, and say what one is for',
    add: async (command) => (await import('./models/models.ts')).addModels(command),
  },
  batch: {
    description: 'have a running server draw many pictures into a folder',
    add: async (command) => (await import('./batch/batch.ts')).addBatch(command),
  },
  jobs: {
    description: 'look at the jobs of a running server, cancel them and draw them again',
    add: async (command) => (await import('./jobs/jobs.ts')).addJobs(command),
  },
  keys: {
    description: 'make, list, rotate and revoke API keys',
    add: async (command) => (await import('./keys/keys.ts')).addKeys(command),
  },
  data: {
    description: 'what is kept of users',
    add: async (command) => (await import('./data.ts')).addData(command),
  },
};

/** Loads what `serve` would load in silence, for who says what he waits for. */
export async function loadServe(): Promise<void> {
  await import('../service/service.ts');
}

/**
 * Runs one command and returns its exit code, as docs/commands.md has them. Whatever goes wrong is one line on stderr. `args` are
 * those after `armature`.
 */
export async function run(args: readonly string[], hooks: RunHooks = {}): Promise<number> {
  tolerateClosedOutput();
  forgetPlaces();
  try {
    await (await program(args, hooks)).parseAsync(args, { from: 'user' });
    for (const line of placesUsed({ failed: false })) console.error(line);
    return exitCodes.done;
  } catch (error) {
    const code = report(error);
    for (const line of placesUsed({ failed: true })) console.error(line);
    return code;
  }
}

async function program(args: readonly string[], hooks: RunHooks): Promise<Command> {
  const root = new Command('armature')
    .description('Structure-guided image generation: Stable Diffusion with ControlNets, from .safetensors to HTTP.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({
      outputError: (text, write) => write(`armature: ${text.replace(/^error: /, '').replaceAll(/\n(?=.)/g, ' ')}`),
    })
    .showSuggestionAfterError();
  const called = args.find((argument) => !argument.startsWith('-') && argument !== 'help');
  if (called !== undefined && args[0] === 'help' && !Object.hasOwn(commands, called)) {
    const choices = Object.keys(commands);
    const detail = `There is no command ${JSON.stringify(called)}. The choices are ${choices.join(', ')}.`;
    throw new ArmatureError('invalid_request', detail, { choices });
  }
  for (const [name, { description, add }] of Object.entries(commands)) {
    const command = root.command(name).description(description);
    if (name === called) await add(command, hooks);
  }
  return root;
}

/** Says in one line on stderr what went wrong, and returns the exit code for it. */
export function report(error: unknown): number {
  const code = exitCodeOf(error, interruptedBy());
  // Commander has written its own line by now.
  if (error instanceof CommanderError) return code;
  console.error(`armature: ${lineOf(error).replaceAll(/\s*\n\s*/g, ' ')}`);
  if (debugging()) console.error(stacksOf(error));
  return code;
}

function lineOf(error: unknown): string {
  if (error instanceof ArmatureError) return error.message;
  if (isStopped(error)) return 'Stopped.';
  const reason = systemReason(error);
  if (reason !== null) return `${subjectOf(error)}: ${reason}.`;
  const message = error instanceof Error ? error.message : String(error);
  return `unexpected error: ${message} (ARMATURE_DEBUG=1 shows where)`;
}

/** What the system refused: `/data/x cannot be used`. */
function subjectOf(error: unknown): string {
  const { path, syscall } = error as NodeJS.ErrnoException;
  return path === undefined ? `The system refused to ${syscall ?? 'go on'}` : `${path} cannot be used`;
}

/** Where an error and its causes came from; not what drivers hang on them, which holds queries, rows and passwords. */
function stacksOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stacksOf(error.cause)}`;
}
