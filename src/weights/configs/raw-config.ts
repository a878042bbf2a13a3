import { basename, dirname, join } from 'node:path';
import type { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { readRegularText, reasonOf } from '../../files/regular-file.ts';
import { isWithin, outlineOf } from '../../json/outline.ts';
import { parsePythonJson } from '../../json/python-json.ts';

/** A config file as it is written: diffusers' and transformers' own names. */
export type RawConfig = Readonly<Record<string, unknown>>;

/** Where a config came from, for messages: `unet/config.json`, or the name of a single file. */
export type ConfigSource = string;

/** Bytes of a config file: those in use have a few thousand. */
const mostBytes = 2 ** 20;
/** Members and nested brackets of a config. */
const bounds = { mostMembers: 1000, deepest: 16 };

/** A config file as JSON. Throws `model_invalid` where it is not there, is no regular file, or is larger than any config. */
export async function readConfig(path: string): Promise<RawConfig> {
  const source = configSource(path);
  const text = await readRegularText(path, mostBytes).catch((cause: unknown) => {
    throw new ArmatureError('model_invalid', `The file ${source} cannot be read: ${reasonOf(cause)}.`, { cause });
  });
  if (!isWithin(text, bounds)) {
    const detail = `Expected at most ${bounds.mostMembers} settings and ${bounds.deepest} nested brackets in ${source}.`;
    throw new ArmatureError('model_invalid', detail);
  }
  const json = jsonOf(text, source);
  if (typeof json === 'object' && json !== null && !Array.isArray(json)) return json as RawConfig;
  throw new ArmatureError('model_invalid', `Expected a JSON object in ${source}.`);
}

/** For a setting that a file has two times: which one counts can't be told. */
export function saidTwice(name: string, source: ConfigSource): ArmatureError {
  return new ArmatureError(
    'model_invalid',
    `Expected each setting once in ${source} but ${shown(name)} is there twice.`,
  );
}

/** Members and nested brackets of settings that may be about something else too. */
const widerBounds = { mostMembers: 10_000, deepest: 64 };

/** Settings as Python writes them. Throws `model_invalid` for a text that does not parse, or that says something twice. */
export function jsonOf(text: string, source: ConfigSource): unknown {
  const { twice } = outlineOf(text, widerBounds);
  if (twice !== null) throw saidTwice(twice, source);
  try {
    return parsePythonJson(text);
  } catch (cause) {
    throw new ArmatureError('model_invalid', `Expected JSON in ${source} but its text does not parse.`, { cause });
  }
}

export function configSource(path: string): ConfigSource {
  return join(basename(dirname(path)), basename(path));
}

/** Throws `model_invalid` with the first thing that is wrong. */
export function parseConfig<Output>(schema: z.ZodType<Output>, raw: RawConfig, source: ConfigSource): Output {
  const result = schema.safeParse(raw);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const field = issue?.path.join('.') ?? '';
  throw new ArmatureError('model_invalid', `The setting ${field} in ${source} is not valid: ${issue?.message}.`);
}

/** Settings that change a network, with the values that Armature builds. */
export type BuiltSettings = Readonly<Record<string, readonly unknown[]>>;

/**
 * Refuses what would change the network and is not built: a setting of `built` with another value, and a setting that is in
 * neither list and is switched on. Better no picture than a wrong one.
 */
export function refuseOthers(
  raw: RawConfig,
  source: ConfigSource,
  built: BuiltSettings,
  read: readonly string[],
): void {
  for (const [key, value] of Object.entries(raw)) {
    const accepted = built[key];
    if (accepted !== undefined && !accepted.includes(value)) {
      throw notBuilt(key, value, source, `${accepted.map((one) => JSON.stringify(one)).join(' or ')} is`);
    }
    const off = value === null || value === false;
    if (accepted === undefined && !read.includes(key) && !key.startsWith('_') && !off) {
      throw notBuilt(key, value, source, 'networks without it are');
    }
  }
}

/** The value of a setting as a message shows it. */
export function shown(value: unknown): string {
  return JSON.stringify(value).slice(0, 80);
}

function notBuilt(key: string, value: unknown, source: ConfigSource, built: string): ArmatureError {
  return new ArmatureError(
    'not_supported_yet',
    `The setting ${key} = ${shown(value)} in ${source} is not supported yet; ${built}.`,
  );
}
