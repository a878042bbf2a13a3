import type { EmittedName } from '../../ir/emitter.ts';
import { elementTypeOfRef, type TransposedWeight } from '../../ir/weight.ts';
import type { OnnxEmitter } from '../onnx-emitter.ts';

/** A matrix whose rows and columns lie the other way round in its file, as float32: onnxruntime turns it when it loads the network. */
export function emitTransposed(to: OnnxEmitter, { of: { ref } }: TransposedWeight): EmittedName {
  const type = elementTypeOfRef(ref);
  const stored = to.stored(`${ref.file}#${ref.byteOffset}`, type, ref.shape.toReversed(), ref);
  const numbers = type === 'float32' ? stored : to.cast(stored, 'float32');
  return to.op('Transpose', [numbers], { perm: { ints: [1, 0] } });
}
