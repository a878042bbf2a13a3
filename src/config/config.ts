import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findSecrets } from './secrets.ts';
import { type Environment, type Setting, variableOf } from './settings/setting.ts';
import { type Config, type Flags, settingKeys, settings } from './settings/settings.ts';
import { Mismatch } from './settings/values.ts';
import { ArmatureError } from '../errors.ts';

export { secretKeys } from './secrets.ts';
export type { Provider } from './settings/device.ts';
export type { LogLevel } from './settings/log.ts';
export type { Environment } from './settings/setting.ts';
export type { Config, Flags } from './settings/settings.ts';

/**
 * Flag before ARMATURE_ variable before alias before default; an empty variable counts as absent. An invalid value throws
 * `invalid_config`, naming the place it came from, what was expected and what was received.
 */
export function readConfig(flags: Flags = {}, environment: Environment = process.env): Config {
  const rows = settingKeys.map((key) => [key, readSetting<unknown>(settings[key], flags[key], environment)] as const);
  // Whole, and each of its own type: `settings` has a row for every key, typed by it.
  return Object.fromEntries(rows) as unknown as Config;
}

/**
 * Whether spans are wanted, by the variables that every program with OpenTelemetry knows: they have to say where to send
 * them. What else those variables say is read by the SDK itself.
 */
export function tracingWanted(environment: Environment = process.env): boolean {
  const { OTEL_SDK_DISABLED: disabled, OTEL_TRACES_EXPORTER: exporter } = environment;
  if (disabled?.toLowerCase() === 'true' || exporter === 'none') return false;
  const endpoints = ['OTEL_EXPORTER_OTLP_TRACES_ENDPOINT', 'OTEL_EXPORTER_OTLP_ENDPOINT'];
  return endpoints.some((name) => environment[name] !== undefined && environment[name] !== '');
}

/**
 * All that opens something in the settings, and in the variables that the SDKs of S3 and OpenTelemetry read by themselves.
 * Whatever writes about the process leaves it out, also where a library quotes it.
 */
export function secretsOf(config: Config, environment: Environment = process.env): readonly string[] {
  return findSecrets(config, environment);
}

/** Whether somebody said a setting, by a flag or a variable: else it has its default. */
export function isSaid(key: keyof Config, flags: Flags, environment: Environment = process.env): boolean {
  return flags[key] !== undefined || variablesOf(settings[key]).some((name) => (environment[name] ?? '') !== '');
}

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
export function proxiesOf(environment: Environment = process.env): Proxies | null {
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

/** Whether a stack trace may be shown with an error (ARMATURE_DEBUG=1). */
export function debugging(environment: Environment = process.env): boolean {
  return environment['ARMATURE_DEBUG'] === '1';
}

type Flag = Flags[keyof Config];

/** The variables that stand for a setting; the first that is there counts. */
function variablesOf(row: Pick<Setting, 'flag' | 'aliases'>): readonly string[] {
  return [variableOf(row), ...(row.aliases ?? [])];
}

function readSetting<Value>(row: Setting<Value>, flag: Flag, environment: Environment): Value {
  if (flag !== undefined) return parseFrom(row, typeof flag === 'object' ? flag : [String(flag)], `--${row.flag}`);
  for (const variable of variablesOf(row)) {
    const value = environment[variable];
    if (value === undefined || value === '') continue;
    const values = row.separator === undefined ? [value] : value.split(row.separator).filter((part) => part !== '');
    return parseFrom(row, values, variable);
  }
  return row.fallback(environment);
}

function parseFrom<Value>(row: Setting<Value>, values: readonly string[], source: string): Value {
  try {
    return row.parse(values);
  } catch (error) {
    if (!(error instanceof Mismatch)) throw error;
    const names = [`--${row.flag}`, ...variablesOf(row)].join(', ');
    throw new ArmatureError(
      'invalid_config',
      `Expected ${error.message} for ${source} but received ${JSON.stringify(error.received)}. The setting is ${names}.`,
      { field: row.flag, cause: error },
    );
  }
}

/** The folder of package.json: above `src`, above `dist`, and above what the benchmarks are compiled to. */
export const packageRoot = findPackageRoot();

/** The package's own models. */
export const embeddedModels = join(packageRoot, 'models');

/** CLIP's own vocabulary, for checkpoints that bring none. */
export const embeddedTokenizer = join(embeddedModels, 'clip-tokenizer');

/** Public models that `armature models pull` knows by an id. */
export const modelCatalog = join(embeddedModels, 'catalog.json');

/** The annotator networks that come with the package. */
export const embeddedAnnotators = join(embeddedModels, 'annotators');

/** Folders with the annotator networks that were pulled, as folders of their own; the first to have one wins. */
export function pulledAnnotators(config: Pick<Config, 'models' | 'data'>): readonly string[] {
  return pullFolders(config).map((folder) => join(folder, 'annotators'));
}

/** File of types that this installation gave to ControlNets. */
export function typesFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'armature.json');
}

/** File that keeps what was found about models, for the next process. It may be deleted at any time. */
export function findingsFile(config: Pick<Config, 'data'>): string {
  return join(config.data, 'found-models');
}

function findPackageRoot(): string {
  let folder = fileURLToPath(new URL('../..', import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** Folders with models, the first to win where two hold the same id: those that were named, DATA/models, the embedded. */
export function modelFolders(config: Pick<Config, 'models' | 'data'>): readonly string[] {
  return [...pullFolders(config), embeddedModels];
}

/** Those of them into which models are pulled. */
export function pullFolders({ models, data }: Pick<Config, 'models' | 'data'>): readonly string[] {
  return [...models, join(data, 'models')];
}

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

/** For `api` and `worker`, which are processes of their own and meet in PostgreSQL. Returns its address. */
export function requirePostgres(config: Pick<Config, 'postgresUrl'>, command: string): string {
  if (config.postgresUrl !== null) return config.postgresUrl;
  throw new ArmatureError(
    'invalid_config',
    `\`armature ${command}\` needs PostgreSQL for the records: give --postgres-url (ARMATURE_POSTGRES_URL, DATABASE_URL), ` +
      'or run `armature serve`, which has an embedded database.',
    { field: 'postgres-url' },
  );
}

export function isLoopback(host: string): boolean {
  // An IPv6 address as `host` of settings/values.ts writes it; ::ffff:7f00:0/104 are the IPv4 ones.
  if (host === '::1' || /^::ffff:7f[0-9a-f]{2}:/.test(host)) return true;
  return host.toLowerCase() === 'localhost' || /^127(\.\d{1,3}){3}$/.test(host);
}
