import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { ArmatureError } from '../errors.ts';
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
  const index = entries.find((entry) => entry.endsWith('.safetensors.index.json'));
  const variantIndex = entries.find((entry) => /\.safetensors\.index\.[^.]+\.json$/.test(entry));
  const whole = entries.filter((entry) => entry.endsWith('.safetensors') && !/-\d{5}-of-\d{5}\./.test(entry));
  const plain = whole.find((entry) => entry === 'diffusion_pytorch_model.safetensors' || entry === 'model.safetensors');
  const half = whole.find((entry) => entry.endsWith('.fp16.safetensors'));
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

const shardIndexSchema = z.object({ weight_map: z.record(z.string(), z.string().regex(/^[^/\\]+\.safetensors$/)) });

async function openShards(folder: string, index: string): Promise<readonly SafetensorsFile[]> {
  const map = await readIndex(folder, index);
  const names = [...new Set(Object.values(map))].toSorted();
  const files = await Promise.all(names.map((name) => openSafetensors(join(folder, name))));
  for (const [tensor, name] of Object.entries(map)) {
    if (files[names.indexOf(name)]?.tensors.has(tensor) !== true) {
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
    return shardIndexSchema.parse(JSON.parse(await readFile(join(folder, index), 'utf8'))).weight_map;
  } catch (cause) {
    throw new ArmatureError('model_invalid', `Expected a weight_map from tensor to file in ${index}.`, { cause });
  }
}

function pickleRefused(name: string): ArmatureError {
  return new ArmatureError(
    'model_invalid',
    `Expected a .safetensors file but received ${name}, a pickle, which can run code when it is read. Bring the .safetensors version of this model.`,
  );
}
