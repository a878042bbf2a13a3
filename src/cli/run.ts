import { Command, CommanderError } from 'commander';
import { debugging } from '../config.ts';
import { ArmatureError } from '../errors.ts';
import { addApi } from './api.ts';
import { addBatch } from './batch.ts';
import { addData } from './data.ts';
import { addExtract } from './extract.ts';
import { addGenerate } from './generate.ts';
import { addJobs } from './jobs.ts';
import { addKeys } from './keys.ts';
import { addModels } from './models.ts';
import { packageVersion } from './package-version.ts';
import { placesUsed } from './places.ts';
import { addServe } from './serve.ts';
import type { RunHooks } from './service.ts';
import { addWorker } from './worker.ts';

/**
 * Runs one command and returns its exit code: 0, 1 for a failure, 2 for a command line or a setting that is not valid.
 * Whatever goes wrong is one line on stderr. `args` are those after `armature`.
 */
export async function run(args: readonly string[], hooks: RunHooks = {}): Promise<number> {
  try {
    await program(hooks).parseAsync(args, { from: 'user' });
    for (const line of placesUsed({ failed: false })) console.error(line);
    return 0;
  } catch (error) {
    const code = report(error);
    for (const line of placesUsed({ failed: true })) console.error(line);
    return code;
  }
}

function program(hooks: RunHooks): Command {
  const root = new Command('armature')
    .description('Structure-guided image generation: Stable Diffusion with ControlNets, from .safetensors to HTTP.')
    .version(packageVersion())
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(`armature: ${text.replace(/^error: /, '')}`) })
    .showSuggestionAfterError();
  addServe(root, hooks);
  addApi(root, hooks);
  addWorker(root);
  addGenerate(root);
  addExtract(root);
  addModels(root);
  addBatch(root);
  addJobs(root);
  addKeys(root);
  addData(root);
  return root;
}

/** Says in one line on stderr what went wrong, and returns the exit code for it. */
export function report(error: unknown): number {
  // Commander has written its own line by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  const known = error instanceof ArmatureError;
  const message = error instanceof Error ? error.message : String(error);
  const line = known ? message : `unexpected error: ${message} (ARMATURE_DEBUG=1 shows where)`;
  console.error(`armature: ${line.replaceAll(/\s*\n\s*/g, ' ')}`);
  if (debugging()) console.error(stacksOf(error));
  return known && error.code === 'invalid_config' ? 2 : 1;
}

/** Where an error and its causes came from; not what drivers hang on them, which holds queries, rows and passwords. */
function stacksOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const stack = error.stack ?? error.message;
  return error.cause === undefined ? stack : `${stack}\ncaused by ${stacksOf(error.cause)}`;
}
