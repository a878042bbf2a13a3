import { basename } from 'node:path';
import { InferenceSession, Tensor as DeviceTensor } from 'onnxruntime-node';
import type { Tensor } from '../numeric/tensor.ts';
import { loadError, runError } from './errors.ts';

/** A network from an .onnx file of its own, such as an annotator. */
export interface OnnxNetwork {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /**
   * Float32 in, float32 out. Where a network takes or gives whole numbers (pixels, labels, tokens), they are converted; values
   * for an int32 or int64 input are cut to integers.
   */
  run(inputs: Readonly<Record<string, Tensor>>): Promise<Readonly<Record<string, Tensor>>>;
}

/**
 * Loads an .onnx file on the CPU, with `threads` threads a run (0: as many as there are cores). Throws `model_invalid`
 * where it cannot be read. Loading and running block the event loop.
 */
export async function openOnnxFile(path: string, threads = 0): Promise<OnnxNetwork> {
  const name = basename(path);
  const session = await InferenceSession.create(path, {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    graphOptimizationLevel: 'all',
    logSeverityLevel: 4,
  }).catch((cause: unknown): never => {
    throw loadError(name, cause);
  });
  const types = new Map(session.inputMetadata.map((input) => [input.name, input.isTensor ? input.type : undefined]));
  return {
    inputs: session.inputNames,
    outputs: session.outputNames,
    run: async (inputs) => {
      const feeds = Object.entries(inputs).map(([input, values]) => [input, deviceTensor(values, types.get(input))]);
      const outputs = await session.run(Object.fromEntries(feeds)).catch((cause: unknown): never => {
        throw runError(name, cause);
      });
      return Object.fromEntries(
        Object.entries(outputs).map(([output, { dims, data }]) => [output, { dims, data: floats(data) }]),
      );
    },
  };
}

function deviceTensor({ data, dims }: Tensor, type: string | undefined): DeviceTensor {
  if (type === 'int32') return new DeviceTensor('int32', Int32Array.from(data), dims);
  if (type === 'int64') return new DeviceTensor('int64', BigInt64Array.from(data, cutToInteger), dims);
  return new DeviceTensor('float32', data, dims);
}

function cutToInteger(value: number): bigint {
  return BigInt(Math.trunc(value));
}

function floats(data: DeviceTensor['data']): Float32Array {
  if (data instanceof Float32Array) return data;
  return Float32Array.from(data as ArrayLike<number | bigint>, Number);
}
