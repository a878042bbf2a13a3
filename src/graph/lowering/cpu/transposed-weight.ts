import type { EmittedName } from '../../ir/emitter.ts';
import { elementTypeOfRef, type TransposedWeight } from '../../ir/weight.ts';
import type { OnnxEmitter } from '../onnx-emitter.ts';
import { asWeight } from './stored-numbers.ts';

/** A matrix whose rows and columns lie the other way round in its file, as float32: onnxruntime turns it when it loads the network. */
export function emitTransposed(to: OnnxEmitter, { of: { ref } }: TransposedWeight): EmittedName {
  const type = elementTypeOfRef(ref);
  const stored = to.stored(`${ref.file}#${ref.byteOffset}`, type, ref.shape.toReversed(), ref);
  return to.op('Transpose', [asWeight(to, stored, ref)], { perm: { ints: [1, 0] } });
}
