import { createHash } from 'node:crypto';
import protobuf from 'protobufjs';

/** A network as it is emitted, free of the names that nodes and initializers happen to have. */
export interface Emitted {
  readonly inputs: readonly Port[];
  readonly outputs: readonly (Port & { readonly from: string })[];
  /** Initializers in the order in which nodes first read them; those that no node reads come last. */
  readonly tensors: readonly EmittedTensor[];
  readonly nodes: readonly EmittedNode[];
}

interface Port {
  readonly name: string;
  readonly type: number;
  readonly dims: readonly (number | string)[];
}

interface EmittedTensor {
  readonly type: number;
  readonly dims: readonly number[];
  /** Where a weight lies: file, offset, length. */
  readonly at?: string;
  /** Bytes of a constant in hex, or their SHA-256 where there are more than 64. */
  readonly bytes?: string;
}

interface EmittedNode {
  readonly op: string;
  readonly domain?: string;
  readonly attributes?: Readonly<Record<string, unknown>>;
  /** `in NAME` a graph input, `t N` an initializer, `n N` or `n N.K` the results of a node, and the empty string. */
  readonly inputs: readonly string[];
  /** Number of results, where there are several. */
  readonly results?: number;
}

/**
 * What an ONNX file holds. Written apart from src/graph/onnx on purpose: field numbers are those of onnx.proto, and what is
 * tested must not read its own bytes.
 */
export function readModel(bytes: Uint8Array): Emitted {
  const model = modelType.toObject(modelType.decode(bytes), { longs: Number, arrays: true, defaults: true }) as Model;
  const { graph } = model;
  const initializers = new Map(graph.initializer.map((tensor) => [tensor.name, tensor]));
  const names = new Map(graph.input.map(({ name }) => [name, `in ${name}`]));
  const tensors: EmittedTensor[] = [];
  const refer = (name: string): string => {
    if (name === '') return '';
    const known = names.get(name);
    if (known !== undefined) return known;
    const tensor = initializers.get(name);
    if (tensor === undefined) throw new Error(`Nothing before it is called ${name}`);
    names.set(name, `t ${tensors.length}`);
    tensors.push(tensorOf(tensor));
    return names.get(name) as string;
  };
  const nodes = graph.node.map((node, index): EmittedNode => {
    const inputs = node.input.map(refer);
    node.output.forEach((name, k) => names.set(name, node.output.length === 1 ? `n ${index}` : `n ${index}.${k}`));
    return {
      op: node.opType,
      ...(node.domain === '' ? {} : { domain: node.domain }),
      ...(node.attribute.length === 0 ? {} : { attributes: attributesOf(node.attribute) }),
      inputs,
      ...(node.output.length === 1 ? {} : { results: node.output.length }),
    };
  });
  const outputs = graph.output.map((value) => ({ ...portOf(value), from: refer(value.name) }));
  for (const name of initializers.keys()) refer(name);
  return { inputs: graph.input.map(portOf), outputs, tensors, nodes };
}

interface Model {
  readonly graph: {
    readonly node: readonly {
      readonly input: readonly string[];
      readonly output: readonly string[];
      readonly opType: string;
      readonly domain: string;
      readonly attribute: readonly Attribute[];
    }[];
    readonly initializer: readonly Tensor[];
    readonly input: readonly ValueInfo[];
    readonly output: readonly ValueInfo[];
  };
}

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly f: number;
  readonly i: number;
  readonly s: Uint8Array;
  readonly floats: readonly number[];
  readonly ints: readonly number[];
}

interface Tensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly dataType: number;
  readonly rawData: Uint8Array;
  readonly externalData: readonly { readonly key: string; readonly value: string }[];
}

interface ValueInfo {
  readonly name: string;
  readonly type: {
    readonly tensorType: {
      readonly elemType: number;
      readonly shape: { readonly dim: readonly { readonly dimValue: number; readonly dimParam: string }[] };
    };
  };
}

function tensorOf({ dims, dataType: type, rawData, externalData }: Tensor): EmittedTensor {
  if (externalData.length > 0) {
    const place = Object.fromEntries(externalData.map(({ key, value }) => [key, value]));
    return { type, dims, at: `${place['location']} ${place['offset']} ${place['length']}` };
  }
  const short = rawData.length <= 64;
  return {
    type,
    dims,
    bytes: short ? Buffer.from(rawData).toString('hex') : createHash('sha256').update(rawData).digest('hex'),
  };
}

/** AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, FLOATS 6, INTS 7. */
function attributesOf(attributes: readonly Attribute[]): Readonly<Record<string, unknown>> {
  const valueOf = ({ name, type, f, i, s, floats, ints }: Attribute): unknown => {
    if (type === 1) return { float: f };
    if (type === 2) return i;
    if (type === 3) return Buffer.from(s).toString();
    if (type === 6) return { floats };
    if (type === 7) return ints;
    throw new Error(`Attribute ${name} has type ${type}, which is not known here`);
  };
  const sorted = attributes.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(sorted.map((attribute) => [attribute.name, valueOf(attribute)]));
}

function portOf({ name, type: { tensorType } }: ValueInfo): Port {
  const dims = tensorType.shape.dim.map(({ dimValue, dimParam }) => (dimParam === '' ? dimValue : dimParam));
  return { name, type: tensorType.elemType, dims };
}

const modelType = protobuf
  .parse(
    `syntax = "proto3";
    message ModelProto { GraphProto graph = 7; }
    message GraphProto {
      repeated NodeProto node = 1; string name = 2; repeated TensorProto initializer = 5;
      repeated ValueInfoProto input = 11; repeated ValueInfoProto output = 12;
    }
    message NodeProto {
      repeated string input = 1; repeated string output = 2; string name = 3; string opType = 4;
      repeated AttributeProto attribute = 5; string domain = 7;
    }
    message AttributeProto {
      string name = 1; float f = 2; int64 i = 3; bytes s = 4; repeated float floats = 7; repeated int64 ints = 8;
      int32 type = 20;
    }
    message TensorProto {
      repeated int64 dims = 1; int32 dataType = 2; string name = 8; bytes rawData = 9;
      repeated Entry externalData = 13; int32 dataLocation = 14;
    }
    message Entry { string key = 1; string value = 2; }
    message ValueInfoProto { string name = 1; TypeProto type = 2; }
    message TypeProto { TensorTypeProto tensorType = 1; }
    message TensorTypeProto { int32 elemType = 1; TensorShapeProto shape = 2; }
    message TensorShapeProto { repeated DimensionProto dim = 1; }
    message DimensionProto { int64 dimValue = 1; string dimParam = 2; }`,
    { keepCase: true },
  )
  .root.lookupType('ModelProto');
