import type { Emit } from '../../ir/node.ts';

/** onnxruntime's QuickGelu is x sigmoid(alpha x) in one pass. */
export const silu: Emit<object> = (to, inputs) => to.contrib('QuickGelu', inputs, { alpha: { float: 1 } });

export const quickGelu: Emit<object> = (to, inputs) => to.contrib('QuickGelu', inputs, { alpha: { float: 1.702 } });

export const geglu: Emit<object> = (to, [value = '', gate = '']) => to.op('Mul', [value, to.op('Gelu', [gate])]);
