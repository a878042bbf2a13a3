import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../../errors.ts';
import { readRegularText } from '../../files/regular-file.ts';
import { outlineOf } from '../../json/outline.ts';
import { openSafetensors, type SafetensorsFile } from './safetensors.ts';

const pickled = /\.(?:bin|ckpt|pt|pth|pkl)$/i;

/** One .safetensors file by its path. Pickles can run code when they are read: they are refused. */
export async function openWeightFile(path: string): Promise<SafetensorsFile> {
  if (pickled.test(path)) throw pickleRefused(basename(path));
  return openSafetensors(path);
}

/**
 * The weight files of one network's folder in the diffusers layout: one file, or shards with an index, full precision before
 * the fp16 variant.
 */
export async function openNetworkFolder(folder: string): Promise<readonly SafetensorsFile[]> {
  const name = basename(folder);
  const entries = await readdir(folder).catch((cause: unknown) => {
    throw new ArmatureError('model_invalid', `The folder ${name} cannot be read.`, { cause });
  });
  const index = entries.find((entry) => /\.safetensors\.index\.json$/i.test(entry));
  const variantIndex = entries.find((entry) => /\.safetensors\.index\.[^.]+\.json$/i.test(entry));
  const whole = entries.filter((entry) => /^[^.].*\.safetensors$/i.test(entry) && !/-\d{5}-of-\d{5}\./.test(entry));
  const plain = whole.find((entry) => /^(?:diffusion_pytorch_model|model)\.safetensors$/i.test(entry));
  const half = whole.find((entry) => /\.fp16\.safetensors$/i.test(entry));
  const single = plain ?? (index === undefined ? (half ?? (whole.length === 1 ? whole[0] : undefined)) : undefined);
  if (single !== undefined) return [await openSafetensors(join(folder, single))];
  const shardIndex = index ?? variantIndex;
  if (shardIndex !== undefined) return openShards(folder, shardIndex);
  const pickle = entries.find((entry) => pickled.test(entry));
  if (pickle !== undefined) throw pickleRefused(`${name}/${pickle}`);
  throw new ArmatureError(
    'model_invalid',
    `Expected diffusion_pytorch_model.safetensors or model.safetensors in the folder ${name} but received ${
      whole.length === 0 ? 'none' : whole.join(', ')
    }.`,
  );
}

const shardIndexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/i)) });
/** Bytes of an index, a name and a file for each tensor; and its nested brackets. */
const mostIndexBytes = 32 * 2 ** 20;
const indexBounds = { mostMembers: 1000, deepest: 16 };
/** Files of one network. */
const mostShards = 1000;

async function openShards(folder: string, index: string): Promise<readonly SafetensorsFile[]> {
  const map = await readIndex(folder, index);
  const names = [...new Set(Object.values(map))].toSorted();
  if (names.length > mostShards) {
    throw new ArmatureError('model_invalid', `Expected at most ${mostShards} files in ${index} but it names more.`);
  }
  const files: SafetensorsFile[] = [];
  for (const name of names) files.push(await openSafetensors(join(folder, name)));
  const byName = new Map(names.map((name, at) => [name, files[at]]));
  for (const [tensor, name] of Object.entries(map)) {
    if (byName.get(name)?.tensors.has(tensor) !== true) {
      throw new ArmatureError(
        'model_invalid',
        `Expected tensor ${tensor} in ${name}, as ${index} says, but it has none.`,
      );
    }
  }
  return files;
}

async function readIndex(folder: string, index: string): Promise<Readonly<Record<string, string>>> {
  try {
    const text = await readRegularText(join(folder, index), mostIndexBytes);
    const { members, depth, twice } = outlineOf(text, indexBounds);
    if (members > indexBounds.mostMembers || depth > indexBounds.deepest) throw new RangeError('Too large an index');
    if (twice !== null) {
      throw new ArmatureError(
        'model_invalid',
        `Expected each name once in ${index} but ${twice.slice(0, 80)} is there twice.`,
      );
    }
    return shardIndexSchema.parse(JSON.parse(text)).weight_map;
  } catch (cause) {
    if (cause instanceof ArmatureError) throw cause;
    throw new ArmatureError('model_invalid', `Expected a weight_map from tensor to file in ${index}.`, { cause });
  }
}

function pickleRefused(name: string): ArmatureError {
  return new ArmatureError(
    'model_invalid',
    `Expected a .safetensors file but received ${name}, a pickle, which can run code when it is read. Bring the .safetensors version of this model.`,
  );
}
