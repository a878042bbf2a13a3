import type { Command } from 'commander';
import { keyRequest, requireLasting, rotateRequest } from '../../access/key-request.ts';
import { scopes } from '../../access/scopes.ts';
import { check } from '../../generation/parse.ts';
import type { KeyView } from '../../server/views/key-view.ts';
import { durationSeconds } from './duration.ts';
import { type KeyHolder, keysOfServer, type NewKeyView, withKeysOfRecords, withKeysOfServer } from './key-holders.ts';
import { useData } from '../settings/places.ts';
import { quotaFlag } from './quota-flag.ts';
import { runningServer } from '../../service/server-file.ts';
import { addSettings, configOf } from '../settings/setting-options.ts';
import { table } from '../terminal/table.ts';

const places = `
With --server or --api-key (ARMATURE_API_KEY) a running server is asked, which needs a key of scope admin once there are keys.
Else the records themselves: those of --postgres-url, or of the data folder; where a server runs on that, it is asked.
`;

interface CreateOptions {
  readonly name: string;
  readonly tenant?: string;
  readonly scope?: readonly string[];
  readonly expires?: string;
  readonly submissionsPerMinute?: string;
  readonly readsPerMinute?: string;
  readonly quota?: string;
  readonly json?: true;
}

export function addKeys(keys: Command): void {
  addCreate(keys);
  addList(keys);
  addRotate(keys);
  addRevoke(keys);
}

function addCreate(keys: Command): void {
  const create = keys
    .command('create')
    .description('make a key and print it: the only time that it is shown')
    .requiredOption('--name <text>', 'what you call it')
    .option('--tenant <name>', 'whose jobs and pictures it sees (default: default)')
    .option('--scope <scope>', `${scopes.join(', ')} (repeatable; default: generate, read)`, collect)
    .option('--expires <time>', 'after this long it is no good any more, such as 90d or 12h (default: never)')
    .option('--submissions-per-minute <number>', "in place of the server's own limit")
    .option('--reads-per-minute <number>', "in place of the server's own limit")
    .option(
      '--quota <cost/window>',
      'pixel steps (width x height x steps x pictures) per day or month, such as 5e9/day',
    )
    .option('--json', 'as JSON')
    .addHelpText(
      'after',
      `
Examples:
  armature keys create --name operator --scope admin --scope generate --scope read
  armature keys create --name shop --tenant shop --expires 90d --quota 5e9/day
${places}`,
    )
    .action(async (options: CreateOptions) => {
      const now = new Date();
      const request = check(keyRequest, requestOf(options, now));
      requireLasting(request, now);
      printNew(await withHolder(create, (holder) => holder.create(request)), options.json);
    });
  addPlaces(create);
}

function requestOf(options: CreateOptions, now: Date): object {
  const { name, tenant, scope, expires, submissionsPerMinute, readsPerMinute, quota } = options;
  return {
    name,
    ...(tenant === undefined ? {} : { tenant }),
    ...(scope === undefined ? {} : { scopes: scope }),
    ...(expires === undefined
      ? {}
      : { expires_at: new Date(now.getTime() + durationSeconds(expires, '--expires') * 1000).toISOString() }),
    ...(submissionsPerMinute === undefined ? {} : { submissions_per_minute: Number(submissionsPerMinute) }),
    ...(readsPerMinute === undefined ? {} : { reads_per_minute: Number(readsPerMinute) }),
    ...(quota === undefined ? {} : { quota: quotaFlag(quota) }),
  };
}

function addList(keys: Command): void {
  const list = keys
    .command('list')
    .description('all keys, also those that are revoked')
    .option('--tenant <name>', "one tenant's")
    .option('--json', 'as JSON')
    .addHelpText('after', `\nExample:\n  armature keys list --tenant shop\n${places}`)
    .action(async (options: { readonly tenant?: string; readonly json?: true }) => {
      const found = await withHolder(list, (holder) => holder.list(options.tenant));
      console.log(options.json === true ? JSON.stringify(found, null, 2) : describeKeys(found));
    });
  addPlaces(list);
}

function addRotate(keys: Command): void {
  const rotate = keys
    .command('rotate')
    .description('make a successor of a key and print it; the old one goes on for a while')
    .argument('<id>', 'key_...')
    .option('--overlap <time>', 'how long both are good, such as 1h or 0s', '24h')
    .option('--json', 'as JSON')
    .addHelpText('after', `\nExample:\n  armature keys rotate key_0123456789AB --overlap 1h\n${places}`)
    .action(async (id: string, options: { readonly overlap: string; readonly json?: true }) => {
      const { overlap_s } = check(rotateRequest, { overlap_s: durationSeconds(options.overlap, '--overlap') });
      printNew(await withHolder(rotate, (holder) => holder.rotate(id, overlap_s)), options.json);
    });
  addPlaces(rotate);
}

function addRevoke(keys: Command): void {
  const revoke = keys
    .command('revoke')
    .description('end a key for good')
    .argument('<id>', 'key_...')
    .addHelpText('after', `\nExample:\n  armature keys revoke key_0123456789AB\n${places}`)
    .action(async (id: string) => {
      const { name } = await withHolder(revoke, (holder) => holder.revoke(id));
      console.log(`${id} (${name}) is revoked.`);
    });
  addPlaces(revoke);
}

function addPlaces(command: Command): void {
  addSettings(command, 'records', 'client');
}

async function withHolder<T>(command: Command, work: (holder: KeyHolder) => Promise<T>): Promise<T> {
  const config = configOf(command);
  if (command.getOptionValue('server') !== undefined || config.apiKey !== null) return await work(keysOfServer(config));
  const server = config.postgresUrl === null ? runningServer(config.data) : null;
  if (server !== null) return await withKeysOfServer({ ...config, server }, work);
  if (config.postgresUrl === null) useData(config);
  return await withKeysOfRecords(config, work);
}

/** The key alone on stdout, so that a script can take it; what else there is to say on stderr. */
function printNew(key: NewKeyView, json: true | undefined): void {
  if (json === true) {
    console.log(JSON.stringify(key, null, 2));
    return;
  }
  const expiry = key.expires_at === null ? '' : `, until ${key.expires_at}`;
  console.error(
    `${key.id} (${key.name}), tenant ${key.tenant}: ${key.scopes.join(', ')}${expiry}. Keep it: it is shown once.`,
  );
  console.log(key.key);
}

function describeKeys(keys: readonly KeyView[]): string {
  if (keys.length === 0) return 'No keys.';
  const rows = keys.map((key) => [
    key.id,
    key.name,
    key.tenant,
    key.scopes.join(','),
    key.revoked_at === null ? (key.expires_at ?? '-') : `revoked ${key.revoked_at}`,
    key.last_used_at ?? 'never',
  ]);
  return table(['KEY', 'NAME', 'TENANT', 'SCOPES', 'ENDS', 'LAST USED'], rows);
}

function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}
