import { fileURLToPath } from 'node:url';
import { compile } from '../../../src/graph/compiler/compile.ts';
import { controlNetStep } from '../../../src/graph/steps/controlnet-step.ts';
import type { Tensor } from '../../../src/numeric/tensor.ts';
import { createSession, type NetworkSession } from '../../../src/runtime/index.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../../src/weights/checkpoint.ts';
import { arraysOf, floats, smallModelPath } from '../../support/golden.ts';

/** A step of training the ControlNet of a small model, what torch was given, and the weights, which may be changed. */
export interface SmallStep {
  readonly session: NetworkSession;
  readonly given: Readonly<Record<string, Tensor>>;
  readonly weights: Readonly<Record<string, Tensor>>;
}

/** The arrays of a model's references whose names begin so, by the rest of their names. */
export function references(model: string, prefix: string): Readonly<Record<string, Tensor>> {
  const arrays = arraysOf(fileURLToPath(new URL(`${model}.safetensors`, import.meta.url)));
  return Object.fromEntries(
    [...arrays].flatMap(([name, { dims }]) =>
      name.startsWith(prefix) ? [[name.slice(prefix.length), { dims, data: floats(arrays, name) }]] : [],
    ),
  );
}

export async function openStep(model: string): Promise<SmallStep> {
  const given = references(model, 'given/');
  const { unet } = await openBaseCheckpoint(smallModelPath('models', model));
  const { controlnet } = await openControlNetCheckpoint(smallModelPath('models', model, 'controlnet-a'));
  const [rows = 0, , height = 0, width = 0] = given['sample']?.dims ?? [];
  const tokens = given['encoder_hidden_states']?.dims[1] ?? 0;
  const graph = controlNetStep(unet, controlnet, { rows, height, width, tokens });
  const session = await createSession(compile(graph), { provider: 'cpu', deviceId: 0, threads: 1 });
  const stored = arraysOf(smallModelPath('models', model, 'controlnet-a', 'diffusion_pytorch_model.safetensors'));
  const weights: Record<string, Tensor> = {};
  for (const { name, value } of graph.inputs) {
    if (name in given) continue;
    const part = /^(.*)\.([01])$/.exec(name);
    const whole = stored.has(name) || part === null ? name : (part[1] as string);
    const data = floats(stored, whole);
    const half = data.length / 2;
    const index = Number(part?.[2]);
    const dims = value.shape as readonly number[];
    weights[name] = { dims, data: whole === name ? data : data.subarray(index * half, (index + 1) * half) };
  }
  return { session, given, weights };
}

/** A weight's gradient, of its parts one after another where it comes in parts. */
export function wholeOf(outputs: Readonly<Record<string, Tensor>>, name: string): Float32Array {
  const whole = outputs[name]?.data;
  if (whole !== undefined) return whole;
  return Float32Array.from([0, 1].flatMap((part) => [...(outputs[`${name}.${part}`]?.data ?? [])]));
}
