import { basename, dirname, join } from 'node:path';
import { ArmatureError } from '../../errors.ts';
import { readTextIfThere, reasonOf } from '../../files/regular-file.ts';
import { isWeightType, type WeightRef, weightTypes } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import { configSource, jsonOf } from '../configs/raw-config.ts';
import type { EmbeddingTensors } from '../embeddings/embedding-file.ts';
import { aLora, otherKind } from '../layouts/other-kinds.ts';
import { fingerprint } from '../safetensors/fingerprint.ts';
import type { TensorEntry } from '../safetensors/header.ts';
import { openSafetensors, type SafetensorsFile } from '../safetensors/safetensors.ts';
import { type LoraNetwork, type PartName, tensorName } from './tensor-names.ts';

/** What one file changes of one module. */
export interface LoraModule {
  readonly network: LoraNetwork;
  readonly kohyaOft: boolean;
  /** As the file calls it, without the network. */
  readonly name: string;
  readonly parts: ReadonlyMap<PartName, WeightRef>;
  /** Names of tensors that hold one number and no weights. */
  readonly numbers: ReadonlyMap<PartName, string>;
}

interface OpenModule extends LoraModule {
  readonly parts: Map<PartName, WeightRef>;
  readonly numbers: Map<PartName, string>;
}

/** An adapter of weights as its header has it. Nothing of its numbers has been read. */
export interface LoraFile {
  readonly file: SafetensorsFile;
  readonly modules: readonly LoraModule[];
  /** Tensors that are part of nothing known. */
  readonly strangers: readonly string[];
  /** Words with vectors of their own that the file brings, and the tensors of each. */
  readonly words: ReadonlyMap<string, EmbeddingTensors>;
  /** What peft's adapter_config.json beside the file says; empty where there is none. */
  readonly adapterConfig: Readonly<Record<string, unknown>>;
}

/** Embeddings that OneTrainer puts beside a LoRA. */
const bundledWord = /^bundle_emb\.(?<word>.+?)\.(?:string_to_param\..+|(?<encoder>clip_[lg]))$/;

/** Parts that are one number each, of any format. */
const numbers: ReadonlySet<PartName> = new Set<PartName>(['alpha', 'on_input']);

/**
 * Reads the header of a LoRA or of one of its relatives. Throws `model_invalid` for a file that is something else, and
 * `not_supported_yet` for one of an architecture or a kind that is not built.
 */
export async function openLoraFile(path: string, opened?: SafetensorsFile): Promise<LoraFile> {
  const file = opened ?? (await openSafetensors(path));
  refuseOthers(file);
  const modules = new Map<string, OpenModule>();
  const strangers: string[] = [];
  const words = new Map<string, EmbeddingTensors>();
  for (const [tensor, entry] of file.tensors) {
    const { word, encoder } = bundledWord.exec(tensor)?.groups ?? {};
    if (word !== undefined) {
      words.set(word, { ...words.get(word), [encoder ?? 'only']: tensor });
      continue;
    }
    const named = tensorName(tensor);
    if (named === null) {
      strangers.push(tensor);
      continue;
    }
    const { module: name, part, ...of } = named;
    const key = `${of.network}/${name}`;
    const module = modules.get(key) ?? { ...of, name, parts: new Map(), numbers: new Map() };
    modules.set(key, module);
    if (module.parts.has(part) || module.numbers.has(part)) throw twice(file.name, tensor, part);
    if (numbers.has(part)) {
      if (elementCount(entry.shape) !== 1) throw severalNumbers(file.name, tensor, entry);
      module.numbers.set(part, tensor);
    } else module.parts.set(part, refOf(file, tensor, entry));
  }
  return { file, modules: [...modules.values()], strangers, words, adapterConfig: await readAdapterConfig(path) };
}

/** Tells two adapters apart, as {@link fingerprint} tells checkpoints. */
export async function loraFingerprint({ file, adapterConfig }: LoraFile): Promise<string> {
  return await fingerprint([file], [adapterConfig]);
}

function refOf(file: SafetensorsFile, tensor: string, entry: TensorEntry): WeightRef {
  const { dtype, shape, byteOffset, byteLength } = entry;
  if (!isWeightType(dtype)) {
    const detail = `Expected ${weightTypes.join(', ')} for tensor ${tensor} in ${file.name} but received ${dtype}. Save the file in float16.`;
    throw new ArmatureError('model_invalid', detail);
  }
  return { file: file.fileName, tensor, dtype, shape, byteOffset, byteLength };
}

function severalNumbers(file: string, tensor: string, { shape }: TensorEntry): ArmatureError {
  const detail = `Expected one number as ${tensor} in ${file} but received shape [${shape.join(', ')}].`;
  return new ArmatureError('model_invalid', detail);
}

function twice(file: string, tensor: string, part: string): ArmatureError {
  const detail = `Expected one tensor as ${part} of each layer in ${file} but ${tensor} is a second one: two adapters in one file can't be told apart.`;
  return new ArmatureError('model_invalid', detail);
}

/** Adapters whose tensors are called as those of a LoRA, or whose layers are another architecture's. */
function refuseOthers(file: SafetensorsFile): void {
  const kind = otherKind(file);
  if (kind !== null && kind !== aLora) {
    const detail = `${file.name} is ${kind}: LoRAs for Stable Diffusion 1.x, 2.x and XL are supported.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
  const butterfly = [...file.tensors].find(
    ([name, { shape }]) => /\.oft_(?:blocks|diag)$/.test(name) && shape.length === 4,
  );
  if (butterfly !== undefined) {
    const detail = `${file.name} is a BOFT (its tensor ${butterfly[0]} has four sizes): not supported. Train or bring it as OFT, or merge it into a checkpoint.`;
    throw new ArmatureError('not_supported_yet', detail);
  }
}

/** Larger ones are no configs. */
const mostConfigBytes = 1_000_000;

/** peft keeps alpha and ranks beside adapter_model.safetensors. `model_invalid` where they can't be read: without them it would act more or less than it was made to. */
async function readAdapterConfig(path: string): Promise<Readonly<Record<string, unknown>>> {
  if (basename(path) !== 'adapter_model.safetensors') return {};
  const config = join(dirname(path), 'adapter_config.json');
  const text = await readTextIfThere(config, mostConfigBytes).catch((cause: unknown) => {
    const detail = `The file ${configSource(config)} cannot be read: ${reasonOf(cause)}.`;
    throw new ArmatureError('model_invalid', detail, { cause });
  });
  const said = text === null ? null : jsonOf(text, configSource(config));
  return typeof said === 'object' && said !== null && 'peft_type' in said ? { ...said } : {};
}
