import type { Tensor } from '../../numeric/tensor.ts';
import type { Conditioning } from './conditioning.ts';

/** With the numbers that SDXL is told of the picture. */
export function withSizeIds(conditioning: Conditioning, ids: readonly number[]): Conditioning {
  return { ...conditioning, time_ids: { dims: [ids.length], data: Float32Array.from(ids) } };
}

/** With the guidance, for a network that takes it as an input: 1000 times what its scale is above 1, rounded as torch rounds. */
export function withGuidance(conditioning: Conditioning, scale: number): Conditioning {
  return { ...conditioning, guidance: { dims: [1], data: Float32Array.of(Math.fround(scale - 1) * 1000) } };
}

/** Zeros in the place of all that a text means: what models were trained with where no text was given. */
export function ofNoText(conditioning: Conditioning): Conditioning {
  const zeros = ({ dims, data }: Tensor): Tensor => ({ dims, data: new Float32Array(data.length) });
  return Object.fromEntries(Object.entries(conditioning).map(([name, tensor]) => [name, zeros(tensor)]));
}

/**
 * What several text encoders make of a prompt as one conditioning: sequences of one name beside each other, [tokens, width] each with
 * as many tokens, and what only one of them gives.
 */
export function besideEachOther(conditionings: readonly Conditioning[]): Conditioning {
  const joined = new Map<string, Tensor>();
  for (const [name, tensor] of conditionings.flatMap((one) => Object.entries(one))) {
    const before = joined.get(name);
    joined.set(name, before === undefined ? tensor : inOneRow(before, tensor));
  }
  return Object.fromEntries(joined);
}

function inOneRow(left: Tensor, right: Tensor): Tensor {
  const [tokens = 0, leftWidth = 0] = left.dims;
  const [others, rightWidth = 0] = right.dims;
  if (others !== tokens) throw new RangeError(`Expected ${tokens} tokens of each text encoder but one gave ${others}`);
  const width = leftWidth + rightWidth;
  const data = new Float32Array(tokens * width);
  for (let token = 0; token < tokens; token++) {
    data.set(left.data.subarray(token * leftWidth, (token + 1) * leftWidth), token * width);
    data.set(right.data.subarray(token * rightWidth, (token + 1) * rightWidth), token * width + leftWidth);
  }
  return { dims: [tokens, width], data };
}
