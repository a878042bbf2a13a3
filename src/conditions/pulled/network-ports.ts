import { ArmatureError } from '../../errors.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Annotator } from '../condition.ts';

/** Runs a network that takes one picture; whoever exported it chose the names. Outputs in its own order. */
export async function runOnPicture(network: Annotator, picture: Tensor, id: string): Promise<readonly Tensor[]> {
  const [input, ...others] = network.inputs;
  if (input === undefined || others.length > 0) {
    throw wrongNetwork(id, `a network with one input but it has ${network.inputs.length}`);
  }
  const outputs = await network.run({ [input]: picture });
  return network.outputs.map((name) => outputs[name]!);
}

/** `model_invalid` for a network that is not of the kind it is used as. */
export function wrongNetwork(id: string, expected: string): ArmatureError {
  return new ArmatureError('model_invalid', `Expected ${id} to be ${expected}.`);
}
