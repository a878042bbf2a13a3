import type { EmittedAttribute } from '../ir/emitter.ts';
import {
  type AttributeMessage,
  elementType,
  encodeModel,
  type NodeMessage,
  type TensorMessage,
  type ValueMessage,
} from './messages.ts';
import type { OnnxGraph, OnnxInitializer, OnnxNode, OnnxPort } from './onnx-graph.ts';

/** The bytes of a model file. Weights stay where they are: the file says where, relative to their folder. */
export function encode({ name, nodes, initializers, inputs, outputs }: OnnxGraph): Uint8Array {
  return encodeModel({
    name,
    node: nodes.map(nodeMessage),
    initializer: initializers.map(tensorMessage),
    input: inputs.map(valueMessage),
    output: outputs.map(valueMessage),
  });
}

function nodeMessage({ opType, domain, name, inputs, outputs, attributes }: OnnxNode): NodeMessage {
  const attribute = Object.entries(attributes).map(([key, value]) => attributeMessage(key, value));
  return { opType, domain, name, input: inputs, output: outputs, attribute };
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attributeMessage(name: string, value: EmittedAttribute): AttributeMessage {
  if (typeof value === 'string') return { name, type: 3, s: new TextEncoder().encode(value) };
  if ('float' in value) return { name, type: 1, f: value.float };
  if ('int' in value) return { name, type: 2, i: value.int };
  return { name, type: 7, ints: value.ints };
}

function tensorMessage({ name, type, dims, data }: OnnxInitializer): TensorMessage {
  const message = { name, dims, dataType: elementType[type] };
  if (data instanceof Uint8Array) return { ...message, rawData: data };
  const externalData = [
    { key: 'location', value: data.file },
    { key: 'offset', value: String(data.byteOffset) },
    { key: 'length', value: String(data.byteLength) },
  ];
  return { ...message, dataLocation: 1, externalData };
}

function valueMessage({ name, type, dims }: OnnxPort): ValueMessage {
  const dim = dims.map((size) => (typeof size === 'number' ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: elementType[type], shape: { dim } } } };
}
