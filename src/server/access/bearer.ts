import type { AuthenticationScheme } from './authentication-scheme.ts';

/** Our own scheme: a bearer token (RFC 6750), or the same in a header of its own. Other schemes of Authorization are a proxy's affair. */
export const bearer: AuthenticationScheme = {
  credential(headers) {
    const token = /^Bearer +(\S+)\s*$/i.exec(headers.authorization ?? '')?.[1];
    const named = headers['x-api-key'];
    return token ?? (typeof named === 'string' && named.trim() !== '' ? named.trim() : null);
  },
  expected: 'send "Authorization: Bearer arm_...", or the header X-API-Key',
  challenge(refusal) {
    const challenge = 'Bearer realm="armature"';
    if (refusal.kind === 'no key') return challenge;
    if (refusal.kind === 'bad key') return `${challenge}, error="invalid_token"`;
    return `${challenge}, error="insufficient_scope", scope="${refusal.scope}"`;
  },
};
