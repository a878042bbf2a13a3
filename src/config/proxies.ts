import { ArmatureError } from '../errors.ts';
import { processEnvironment } from './environment.ts';
import type { Environment } from './settings/setting.ts';

/** Proxies for pulls of models, where there are any. */
export interface Proxies {
  readonly http: string;
  readonly https: string;
  /** Hosts that are asked directly. */
  readonly except: string;
}

/**
 * The proxies that HTTP_PROXY, HTTPS_PROXY and NO_PROXY name, which every program knows, in lower case first; null where there
 * are none. `invalid_config` for one that is no address; nothing of it is repeated, as it may hold a password.
 */
export function proxiesOf(environment: Environment = processEnvironment): Proxies | null {
  const read = (name: string): readonly [string, string] => {
    const variable = [name.toLowerCase(), name].find((one) => (environment[one] ?? '').trim() !== '');
    return [variable ?? name, variable === undefined ? '' : (environment[variable] ?? '').trim()];
  };
  const [http, https] = [proxyAddress(...read('HTTP_PROXY')), proxyAddress(...read('HTTPS_PROXY'))];
  return http === '' && https === '' ? null : { http, https, except: read('NO_PROXY')[1] };
}

function proxyAddress(variable: string, value: string): string {
  if (value === '') return '';
  const address = /^[a-z][a-z0-9+.-]*:\/\//i.test(value) ? value : `http://${value}`;
  if (URL.canParse(address) && ['http:', 'https:'].includes(new URL(address).protocol)) return address;
  const detail = `Expected the address of a proxy, such as http://proxy.example.com:3128, in ${variable}.`;
  throw new ArmatureError('invalid_config', detail);
}
