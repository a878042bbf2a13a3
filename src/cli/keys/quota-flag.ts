import { type Quota, quotaWindows } from '../../access/api-key.ts';
import { ArmatureError } from '../../errors.ts';

/** A quota as the command line writes it: 5e9/day. */
export function quotaFlag(text: string): Quota {
  const [cost, name] = text.split('/');
  const window = quotaWindows.find((known) => known === name?.trim());
  if (window !== undefined && cost?.trim() !== '' && Number(cost) >= 0) return { cost: Number(cost), window };
  const detail = `Expected pixel steps per day or month, such as 5e9/day, for --quota but received ${JSON.stringify(text)}.`;
  throw new ArmatureError('invalid_request', detail);
}
