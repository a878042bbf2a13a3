import { ArmatureError } from '../errors.ts';
import type { Config } from './config.ts';

/** Refuses to listen where strangers could reach a server that asks nobody for a key; `hasKeys`: one was ever made. */
export function requireSafeHost(
  { host, allowAnonymous, adminKey }: Pick<Config, 'host' | 'allowAnonymous' | 'adminKey'>,
  hasKeys: boolean,
): void {
  if (hasKeys || adminKey !== null || allowAnonymous || isLoopback(host)) return;
  throw new ArmatureError(
    'invalid_config',
    `Expected a loopback address for --host (ARMATURE_HOST) but received "${host}": there are no API keys, so anyone ` +
      'who reaches it could draw. Make one (`armature keys create`), set ARMATURE_ADMIN_KEY, or add --allow-anonymous ' +
      '(ARMATURE_ALLOW_ANONYMOUS=1) if that is meant.',
    { field: 'host' },
  );
}

export function isLoopback(host: string): boolean {
  // An IPv6 address as `host` of settings/values.ts writes it; ::ffff:7f00:0/104 are the IPv4 ones.
  if (host === '::1' || /^::ffff:7f[0-9a-f]{2}:/.test(host)) return true;
  return host.toLowerCase() === 'localhost' || /^127(\.\d{1,3}){3}$/.test(host);
}
