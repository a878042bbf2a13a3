import { wrongInit } from '../generation/kinds/training/trained/trained-kind.ts';
import { ArmatureError } from '../errors.ts';
import { elementCount } from '../numeric/tensor.ts';
import type { InitialWeights, TrainingMethod } from './methods/contract/method.ts';
import type { InitialModel } from './training-tools.ts';

/** A method that begins as a model which is there already; null weights are those of one that is gone. `invalid_request` where it has other layers, or other sizes. */
export function beginningAs(
  method: TrainingMethod,
  { id }: Pick<InitialModel, 'id'>,
  weights: InitialWeights | null,
): TrainingMethod {
  return {
    ...method,
    wholes(graph) {
      const wholes = method.wholes(graph);
      if (weights !== null) requireSameShapes(id, wholes, weights);
      return wholes;
    },
    async start(name) {
      const found = weights?.get(name);
      if (found !== undefined) return await found.read();
      const detail = `The model ${id}, which the training was to begin as, is not there any more, or is another one by now. Ask for the training anew.`;
      throw new ArmatureError('unknown_model', detail, { field: 'init' });
    },
  };
}

function requireSameShapes(id: string, wholes: ReadonlyMap<string, readonly number[]>, weights: InitialWeights): void {
  for (const [name, [first = 1, ...others]] of wholes) {
    const shape = weights.get(name)?.shape;
    if (shape === undefined) throw wrongInit(`${id} has no ${name}, which is to be trained.`);
    const [own, rest] = shape;
    const wanted = elementCount(others);
    if (own === first && rest === wanted) continue;
    throw wrongInit(`Expected ${first} x ${wanted} numbers as ${name} but ${id} has ${own} x ${rest}.`);
  }
  const more = [...weights.keys()].find((name) => !wholes.has(name));
  if (more !== undefined) throw wrongInit(`${id} has ${more}, which is not to be trained.`);
}
