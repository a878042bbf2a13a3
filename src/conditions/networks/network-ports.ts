import { ArmatureError } from '../../errors.ts';
import type { Tensor } from '../../numeric/tensor.ts';
import type { Annotator } from '../contract/condition.ts';

/**
 * Runs a network that takes one picture; whoever exported it chose the names. Outputs in its own order.
 *
 * @param others further inputs by their names, of which the network gets those that it has.
 */
export async function runOnPicture(
  network: Annotator,
  picture: Tensor,
  id: string,
  others: Readonly<Record<string, Tensor>> = {},
): Promise<readonly Tensor[]> {
  const known = Object.entries(others).filter(([name]) => network.inputs.includes(name));
  const [input, ...unknown] = network.inputs.filter((name) => !(name in others));
  if (input === undefined || unknown.length > 0) {
    throw wrongNetwork(id, `a network with one picture as its input but it has ${network.inputs.join(', ')}`);
  }
  const outputs = await network.run({ ...Object.fromEntries(known), [input]: picture });
  return network.outputs.map((name) => outputs[name]!);
}

/** `model_invalid` for a network that is not of the kind it is used as. */
export function wrongNetwork(id: string, expected: string): ArmatureError {
  return new ArmatureError('model_invalid', `Expected ${id} to be ${expected}.`);
}
