import type { Emit } from '../../../ir/node.ts';
import type { SwishAttributes } from '../../../ir/operators/activation-gradients.ts';

/** With s = sigmoid(alpha x) and y = x s: g s (1 + alpha (x - y)). */
export const swishGradient: Emit<SwishAttributes> = (to, [x = '', y = '', gradient = ''], { alpha }) => {
  const scaled = alpha === 1 ? x : to.op('Mul', [x, to.float([alpha], [])]);
  const direct = to.op('Mul', [gradient, to.op('Sigmoid', [scaled])]);
  const rest = to.op('Sub', [x, y]);
  const slope = alpha === 1 ? rest : to.op('Mul', [rest, to.float([alpha], [])]);
  return to.op('Add', [direct, to.op('Mul', [direct, slope])]);
};

/** g (Phi(x) + x phi(x)), with the distribution and the density of a standard normal variable. */
export const geluGradient: Emit<object> = (to, [x = '', gradient = '']) => {
  const scalar = (value: number) => to.float([value], []);
  const erf = to.op('Erf', [to.op('Mul', [x, scalar(Math.SQRT1_2)])]);
  const distribution = to.op('Add', [to.op('Mul', [erf, scalar(0.5)]), scalar(0.5)]);
  const exponential = to.op('Exp', [to.op('Mul', [to.op('Mul', [x, x]), scalar(-0.5)])]);
  const density = to.op('Mul', [to.op('Mul', [x, scalar(1 / Math.sqrt(2 * Math.PI))]), exponential]);
  return to.op('Mul', [gradient, to.op('Add', [distribution, density])]);
};
