import { ArmatureError } from '../../errors.ts';
import type { Axis, Delta, Factor } from '../../graph/delta.ts';
import type { WeightRef } from '../../graph/weights.ts';
import { elementCount } from '../../numeric/tensor.ts';
import type { LoraModule } from './lora-file.ts';
import type { PartName } from './tensor-names.ts';

/** A module of an adapter and all that is needed to say what it does to its layer. */
export interface ModuleWork {
  readonly module: LoraModule;
  /** What the file is called. */
  readonly file: string;
  /** The layer as the model calls it. */
  readonly layer: string;
  /** Shape of the layer's weight, or of its bias. */
  readonly shape: readonly number[];
  readonly alpha: number | null;
  readonly onInput: boolean;
  /** What a product of this rank is multiplied by. */
  readonly scaleOf: (rank: number) => number;
}

/** A delta, and how many of the weight's input channels it changes. */
export interface FittedDelta {
  readonly delta: Delta;
  readonly inputs: number;
}

/**
 * What a module does to the weight of its layer; null where its tensors make no whole of any kind. Throws `incompatible_lora` where
 * shapes do not fit, with what the layer has and what the file has.
 */
export function weightDelta(work: ModuleWork): FittedDelta | null {
  const has = (part: PartName): boolean => work.module.parts.has(part);
  const of = new Reading(work);
  const inner = innerDelta(of, has);
  if (inner === null) return null;
  const [norms, epsilon] = has('magnitude') ? (['magnitude', 0] as const) : (['dora_scale', floatEpsilon] as const);
  if (!has(norms)) return inner;
  if (inner.inputs !== of.inputs) throw of.misfit(`input channels ${of.inputs}`, String(inner.inputs));
  const ref = of.part(norms);
  return {
    delta: { kind: 'renormalised', of: inner.delta, norms: ref, axis: of.axisOf(ref), epsilon },
    inputs: of.inputs,
  };
}

/** What a module does to the bias of its layer; null where it does nothing. */
export function biasDelta(work: ModuleWork): FittedDelta | null {
  const part = (['diff_b', 'b_norm'] as const).find((name) => work.module.parts.has(name));
  return part === undefined ? null : whole(new Reading(work), part);
}

/** What LyCORIS adds to norms before it divides by them. */
const floatEpsilon = 2 ** -23;

function innerDelta(of: Reading, has: (part: PartName) => boolean): FittedDelta | null {
  if (has('diff')) return whole(of, 'diff');
  if (has('w_norm')) return whole(of, 'w_norm');
  if (['hada_w1_a', 'hada_w1_b', 'hada_w2_a', 'hada_w2_b'].every((part) => has(part as PartName)))
    return hadamard(of, has);
  if (
    (has('lokr_w1') || (has('lokr_w1_a') && has('lokr_w1_b'))) &&
    (has('lokr_w2') || (has('lokr_w2_a') && has('lokr_w2_b')))
  ) {
    return kronecker(of, has);
  }
  if (has('oft_blocks')) return rotated(of, has);
  if (of.work.module.numbers.has('on_input') && has('weight')) return channelFactors(of);
  return has('lora_up') && has('lora_down') ? lowRank(of, has) : null;
}

function whole(of: Reading, part: PartName): FittedDelta {
  const ref = of.part(part);
  const inputs = of.inputsOf(ref, of.outputs);
  return { delta: { kind: 'elementwise', of: [{ kind: 'stored', ref }], times: 1 }, inputs };
}

function lowRank(of: Reading, has: (part: PartName) => boolean): FittedDelta {
  const [left, right] = [of.part('lora_up'), of.part('lora_down')];
  const rank = of.rankOf(right, left);
  const times = of.work.scaleOf(rank);
  if (has('lora_mid')) {
    const core = of.coreOf('lora_mid', left.shape[1] ?? 0, rank);
    of.expect(left, [of.outputs, core.shape[0] ?? 0]);
    of.expect(right, [rank, of.inputs]);
    return {
      delta: { kind: 'elementwise', of: [{ kind: 'core product', left, leftIs: 'as it is', core, right }], times },
      inputs: of.inputs,
    };
  }
  of.expect(left, [of.outputs, rank]);
  return {
    delta: { kind: 'elementwise', of: [{ kind: 'product', left, right }], times },
    inputs: of.inputsOf(right, rank),
  };
}

/** LoHa: the elementwise product of two products. */
function hadamard(of: Reading, has: (part: PartName) => boolean): FittedDelta {
  const factors = (['1', '2'] as const).map((which): readonly [Factor, number] => {
    const [left, right] = [of.part(`hada_w${which}_a`), of.part(`hada_w${which}_b`)];
    const rank = right.shape[0] ?? 0;
    if (!has(`hada_t${which}`)) {
      of.expect(left, [of.outputs, rank]);
      of.expect(right, [rank, of.inputs * of.taps]);
      return [{ kind: 'product', left, right }, rank];
    }
    const core = of.coreOf(`hada_t${which}`, left.shape[0] ?? 0, rank);
    of.expect(left, [core.shape[0] ?? 0, of.outputs]);
    of.expect(right, [rank, of.inputs]);
    return [{ kind: 'core product', left, leftIs: 'transposed', core, right }, rank];
  });
  const times = of.work.scaleOf(factors[0]?.[1] ?? 0);
  return { delta: { kind: 'elementwise', of: factors.map(([factor]) => factor), times }, inputs: of.inputs };
}

/** LoKr: the Kronecker product of two factors, each whole or a product. Where both are whole, alpha says nothing. */
function kronecker(of: Reading, has: (part: PartName) => boolean): FittedDelta {
  const factorOf = (which: '1' | '2'): Factor => {
    if (has(`lokr_w${which}`)) return { kind: 'stored', ref: of.part(`lokr_w${which}`) };
    const [left, right] = [of.part(`lokr_w${which}_a`), of.part(`lokr_w${which}_b`)];
    const rank = right.shape[0] ?? 0;
    if (which === '2' && has('lokr_t2')) {
      const core = of.coreOf('lokr_t2', left.shape[0] ?? 0, rank);
      return { kind: 'core product', left, leftIs: 'transposed', core, right };
    }
    of.expect(left, [left.shape[0] ?? 0, rank]);
    return { kind: 'product', left, right };
  };
  const [first, second] = [factorOf('1'), factorOf('2')];
  const [o1, i1] = sizesOf(first);
  const [o2, i2] = sizesOf(second);
  const taps = second.kind === 'core product' ? of.taps : 1;
  const fits = o1 * o2 === of.outputs && i1 * i2 * taps === of.inputs * of.taps && of.inputs % i1 === 0;
  if (!fits)
    throw of.misfit(of.layerShape, `the Kronecker product of ${shapeText([o1, i1])} and ${shapeText([o2, i2])}`);
  const [rank] = [first, second].flatMap((factor) => (factor.kind === 'stored' ? [] : [factor.right.shape[0] ?? 0]));
  const times = rank === undefined ? 1 : of.work.scaleOf(rank);
  return { delta: { kind: 'kronecker', of: [first, second], times }, inputs: of.inputs };
}

/** Rows and columns of a factor; the taps of a stored kernel count as columns. */
function sizesOf(factor: Factor): readonly [number, number] {
  if (factor.kind === 'stored') return [factor.ref.shape[0] ?? 0, elementCount(factor.ref.shape.slice(1))];
  const isTransposed = factor.kind === 'core product' && factor.leftIs === 'transposed';
  return [factor.left.shape[isTransposed ? 1 : 0] ?? 0, elementCount(factor.right.shape.slice(1))];
}

function rotated(of: Reading, has: (part: PartName) => boolean): FittedDelta {
  const generators = of.part('oft_blocks');
  const [blocks = 0, size = 0] = generators.shape;
  of.expect(generators, [blocks, size, size]);
  if (blocks * size !== of.outputs) throw of.misfit(`${of.outputs} output rows`, `${blocks} blocks of ${size}`);
  const { alpha, module } = of.work;
  const limit = alpha === null || alpha <= 0 ? null : alpha * (module.kohyaOft ? of.outputs : 1);
  const rescale = has('rescale') ? of.part('rescale') : null;
  if (rescale !== null) of.expect(rescale, [of.outputs]);
  return { delta: { kind: 'rotated', generators, limit, rescale }, inputs: of.inputs };
}

function channelFactors(of: Reading): FittedDelta {
  const factors = of.part('weight');
  const axis = of.work.onInput ? 'inputs' : 'outputs';
  const wanted = axis === 'inputs' ? of.inputs : of.outputs;
  if (elementCount(factors.shape) !== wanted) throw of.misfit(`${wanted} factors`, shapeText(factors.shape));
  return { delta: { kind: 'channel factors', factors, axis }, inputs: of.inputs };
}

/** The layer's sizes, and the module's parts held against them. */
class Reading {
  readonly work: ModuleWork;
  readonly outputs: number;
  readonly inputs: number;
  readonly taps: number;

  constructor(work: ModuleWork) {
    const [outputs = 0, inputs = 1, ...kernel] = work.shape;
    this.work = work;
    this.outputs = outputs;
    this.inputs = inputs;
    this.taps = elementCount(kernel);
  }

  get layerShape(): string {
    return shapeText(this.work.shape);
  }

  part(name: PartName): WeightRef {
    const ref = this.work.module.parts.get(name);
    if (ref === undefined) throw this.misfit(`a tensor ${name}`, 'none');
    return ref;
  }

  /** Rows of the second factor, which are to be the columns of the first. */
  rankOf(right: WeightRef, left: WeightRef): number {
    const rank = right.shape[0] ?? 0;
    if (rank === 0 || left.shape.length < 2) throw this.misfit('factors with a rank', shapeText(right.shape));
    return rank;
  }

  /** A core tensor [first, second, taps of the layer]. */
  coreOf(name: PartName, first: number, second: number): WeightRef {
    const core = this.part(name);
    const [one = 0, two = 0, ...kernel] = core.shape;
    if (one !== first || two !== second || elementCount(kernel) !== this.taps) {
      throw this.misfit(`${name} of ${shapeText([first, second, ...this.work.shape.slice(2)])}`, shapeText(core.shape));
    }
    return core;
  }

  /** Input channels of a matrix of so many rows: the layer's, or fewer in the first convolution, whose others stay. */
  inputsOf(ref: WeightRef, rows: number): number {
    const inputs = elementCount(ref.shape) / rows / this.taps;
    const isFirst = this.work.layer === 'conv_in' && ref.shape.length === 4;
    const fits = inputs === this.inputs || (isFirst && inputs < this.inputs && ref.shape[1] === inputs);
    if ((ref.shape[0] ?? 0) !== rows || !fits)
      throw this.misfit(shapeText([rows, ...this.work.shape.slice(1)]), shapeText(ref.shape));
    return inputs;
  }

  expect(ref: WeightRef, shape: readonly number[]): void {
    if (withoutOnes(ref.shape, shape.length) === shape.join()) return;
    throw this.misfit(`${shapeText(shape)} for ${ref.tensor ?? 'a tensor'}`, shapeText(ref.shape));
  }

  axisOf(norms: WeightRef): Axis {
    const [first = 0, second = 1, ...rest] = norms.shape;
    const isThin = rest.every((size) => size === 1);
    if (isThin && first === this.outputs && second === 1) return 'outputs';
    if (isThin && first === 1 && second === this.inputs) return 'inputs';
    throw this.misfit(`${this.outputs} or ${this.inputs} norms`, shapeText(norms.shape));
  }

  misfit(expected: string, received: string): ArmatureError {
    const { file, layer } = this.work;
    const detail = `The LoRA ${file} does not fit: expected ${expected} at the layer ${layer}, whose weight is ${this.layerShape}, but received ${received}.`;
    return new ArmatureError('incompatible_lora', detail);
  }
}

/** A shape without the 1s at its end that stand for the taps of a 1x1 convolution. */
function withoutOnes(shape: readonly number[], length: number): string {
  return shape.slice(length).every((size) => size === 1) ? shape.slice(0, length).join() : shape.join();
}

function shapeText(shape: readonly number[]): string {
  return `[${shape.join(', ')}]`;
}
