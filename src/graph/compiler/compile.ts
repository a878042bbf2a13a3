import { elementCount } from '../../numeric/tensor.ts';
import type { Graph } from '../builder/graph.ts';
import { lowerForCpu } from '../lowering/cpu/lower.ts';
import { encode } from '../onnx/encode.ts';

/** A network as an ONNX model whose weights stay where they are. */
export interface OnnxModel {
  /** What messages call the network. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** The folder that the model's external data are relative to. */
  readonly weightsFolder: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  /** Names of the weights that the network uses. */
  readonly weights: readonly string[];
  /** Number of weights that the network uses. */
  readonly parameters: number;
  /** Whether the network runs at every step rather than once a picture. */
  readonly everyStep: boolean;
}

/** Whoever only asks whether all weights are there has no use for the bytes: they are made when they are first read. */
export function compile(graph: Graph): OnnxModel {
  let bytes: Uint8Array | undefined;
  return {
    name: graph.name,
    get bytes() {
      bytes ??= encode(lowerForCpu(graph));
      return bytes;
    },
    weightsFolder: graph.weightsFolder,
    inputs: graph.inputs.map(({ name }) => name),
    outputs: graph.outputs.map(({ name }) => name),
    weights: graph.usedWeights,
    parameters: graph.weights.reduce((sum, { shape }) => sum + elementCount(shape as readonly number[]), 0),
    everyStep: graph.everyStep,
  };
}
