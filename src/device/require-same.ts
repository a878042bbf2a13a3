import { ArmatureError } from '../errors.ts';

/** `model_invalid` where a file is not the one any more that a request was accepted with: `hash` is that of what lies there now, and `what` is what messages call it. */
export function requireSame(
  what: string,
  accepted: { readonly id: string; readonly hash: string },
  hash: string,
): void {
  if (hash === accepted.hash) return;
  const detail = `The ${what} "${accepted.id}" was replaced while this job waited to be drawn. Send the request again to draw with the new one.`;
  throw new ArmatureError('model_invalid', detail);
}
