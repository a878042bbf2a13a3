import type { Emit } from '../ir/node.ts';
import type { AttributesOf, OperatorName, operators } from '../builder/operators.ts';

/** Operators that ONNX does not have: how they are computed is a lowering's to say, and one that it leaves out does not compile. */
type Unwritten = {
  [Name in OperatorName]: (typeof operators)[Name] extends { readonly emit: unknown } ? never : Name;
}[OperatorName];

/** How a provider computes operators; a row may also replace what the operator's own row writes. */
export type Lowering = { readonly [Name in OperatorName as Name & Unwritten]: Emit<AttributesOf<Name>> } & {
  readonly [Name in OperatorName]?: Emit<AttributesOf<Name>>;
};
