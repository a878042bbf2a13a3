/** Bytes of a signing secret, by the Standard Webhooks specification. */
const bytes = { min: 24, max: 64 } as const;
const prefix = 'whsec_';
/** Characters of so many bytes. */
const longest = Math.ceil(bytes.max / 3) * 4;

/** A signing secret in words. */
export const signingSecretForm = `${prefix} and ${bytes.min} to ${bytes.max} random bytes as base64`;

/** Whether a text is a signing secret: `whsec_` and 24 to 64 bytes as base64 (RFC 4648, with its padding). */
export function isSigningSecret(text: string): boolean {
  if (!text.startsWith(prefix) || text.length > prefix.length + longest) return false;
  const base64 = text.slice(prefix.length);
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(base64)) return false;
  const length = (base64.replace(/={1,2}$/, '').length * 3) >> 2;
  return length >= bytes.min && length <= bytes.max;
}
