import type { EmittedName } from '../../ir/emitter.ts';
import { elementTypeOfRef } from '../../ir/weight.ts';
import type { StoredNumbers, WeightRef } from '../../weights.ts';
import type { OnnxEmitter } from '../onnx-emitter.ts';

/** What lies in a file, in its shape, as the float32 weight that it stands for: onnxruntime works it out when it loads the network. */
export function asWeight(to: OnnxEmitter, stored: EmittedName, { dtype, scale }: WeightRef): EmittedName {
  const numbers = dtype === 'F32' ? stored : to.cast(stored, 'float32');
  return scale === undefined ? numbers : to.op('Mul', [numbers, oneNumber(to, scale)]);
}

function oneNumber(to: OnnxEmitter, place: StoredNumbers): EmittedName {
  const stored = to.stored(`${place.file}#${place.byteOffset}`, elementTypeOfRef(place), [], place);
  return place.dtype === 'F32' ? stored : to.cast(stored, 'float32');
}
