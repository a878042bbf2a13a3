import type { EmittedName } from '../../ir/emitter.ts';
import type { Graph, GraphOutput } from '../../builder/graph.ts';
import type { Emit, Node, Operation, Operator, Value } from '../../ir/node.ts';
import type { OperatorName } from '../../builder/operators.ts';
import { type Shape, sizeText } from '../../ir/size.ts';
import type { OnnxGraph, OnnxPort } from '../../onnx/onnx-graph.ts';
import { liveOperations, readersOf } from '../live-operations.ts';
import { OnnxEmitter } from '../onnx-emitter.ts';
import { cpu, products } from './cpu.ts';
import { EmittedValues, isSequences, sameRows } from './emitted-values.ts';

/**
 * A graph as nodes of ONNX for onnxruntime's CPU provider. Sequences stay matrices from one linear layer to the next, so that each is
 * one product, and are put into their own shape where an operation looks at more than their last axis.
 */
export function lowerForCpu(graph: Graph): OnnxGraph {
  const to = new OnnxEmitter(graph.name);
  const values = new EmittedValues(to);
  const operations = liveOperations(graph);
  const inMatrices = matrixOperations(operations);
  for (const { name, value } of graph.inputs) to.input({ name, type: value.type, dims: dimsOf(value.shape) });
  for (const operation of operations) {
    const { inputs, results } = operation;
    const form = inMatrices.has(operation) ? 'matrix' : 'whole';
    const names = inputs.map((input) => values[form](input));
    const emitted = emit(to, names, operation);
    results.forEach((result, index) => values.note(result, form, emitted[index] as EmittedName, inputs[0]));
  }
  for (const output of graph.outputs) to.output(values.whole(output.value), portOf(output));
  return to.finish();
}

/** The row of the operator table takes the attributes that an operation of its name has. */
function emit(to: OnnxEmitter, names: readonly EmittedName[], operation: Operation): readonly EmittedName[] {
  const own = operation.operator as Operator;
  const row = (cpu[operation.name as OperatorName] ?? own.emit) as Emit<object>;
  const emitted = row(to, names, operation.attributes, operation);
  return typeof emitted === 'string' ? [emitted] : emitted;
}

/**
 * Linear layers, what works on vectors alone and leads to one, and what would need several matrices put into their own shape rather than
 * its one result.
 */
function matrixOperations(operations: readonly Operation[]): ReadonlySet<Node> {
  const readers = readersOf(operations);
  const found = new Set<Node>();
  // From the end: whoever reads a result has been looked at before.
  for (const operation of operations.toReversed()) {
    const wanted = (readers.get(operation.results[0] as Value) ?? []).some((reader) => found.has(reader));
    if (products.has(operation.name) || (wanted && worksOnVectors(operation))) found.add(operation);
  }
  for (const operation of operations) {
    const matrices = operation.inputs.filter(({ node }) => found.has(node));
    if (matrices.length > 1 && worksOnVectors(operation)) found.add(operation);
  }
  return found;
}

function worksOnVectors({ operator, inputs, results }: Operation): boolean {
  const result = results[0] as Value;
  const takesVectors = (input: Value): boolean => input.shape.length === 1 || sameRows(input, result);
  return operator.rowwise === true && isSequences(result) && inputs.every(takesVectors);
}

function portOf({ name, value: { type, shape }, dims }: GraphOutput): OnnxPort {
  return { name, type, dims: dims.map((dim, axis) => (typeof shape[axis] === 'number' ? shape[axis] : dim)) };
}

function dimsOf(shape: Shape): OnnxPort['dims'] {
  return shape.map((size) => (typeof size === 'number' ? size : sizeText(size)));
}
