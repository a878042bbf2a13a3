import { z } from 'zod';
import type { KeyRequest } from '../../access/key-request.ts';
import type { Config } from '../../config/config.ts';
import { ArmatureError } from '../../errors.ts';
import { type IssuedKey, issueKey, replaceKey } from '../../records/access/issue-key.ts';
import type { KeyRecords } from '../../records/access/keys.ts';
import { keyListSchema, keySchema, type KeyView, keyView, newKeySchema } from '../../server/views/key-view.ts';
import { openConfiguredRecords } from '../../service/configured-records.ts';
import { callServer, type ServerAddress } from '../client/server-client.ts';

export type NewKeyView = z.output<typeof newKeySchema>;

/** Where API keys are kept, as the command line manages them. */
export interface KeyHolder {
  create(request: KeyRequest): Promise<NewKeyView>;
  list(tenant: string | undefined): Promise<readonly KeyView[]>;
  revoke(id: string): Promise<KeyView>;
  rotate(id: string, overlapSeconds: number): Promise<NewKeyView>;
}

/** A running server, which alone may open an embedded database. */
export function keysOfServer(address: ServerAddress): KeyHolder {
  const path = (id: string, action: string): string => `/v1/keys/${encodeURIComponent(id)}/${action}`;
  return {
    create: async (request) => newKeySchema.parse(await callServer(address, 'POST', '/v1/keys', request)),
    async list(tenant) {
      const query = tenant === undefined ? '' : `?${new URLSearchParams({ tenant }).toString()}`;
      return keyListSchema.parse(await callServer(address, 'GET', `/v1/keys${query}`)).data;
    },
    revoke: async (id) => keySchema.parse(await callServer(address, 'POST', path(id, 'revoke'))),
    rotate: async (id, overlapSeconds) =>
      newKeySchema.parse(await callServer(address, 'POST', path(id, 'rotate'), { overlap_s: overlapSeconds })),
  };
}

/** Calls back with the server that runs on the data folder: it alone has its records. */
export async function withKeysOfServer<T>(
  config: ServerAddress & Pick<Config, 'data'>,
  work: (holder: KeyHolder) => Promise<T>,
): Promise<T> {
  try {
    return await work(keysOfServer(config));
  } catch (cause) {
    if (!(cause instanceof ArmatureError) || cause.code !== 'unauthorized') throw cause;
    const detail =
      `A server has ${config.data} in use. It was asked, as with --server ${config.server}, and wants a key of scope ` +
      'admin: give it by ARMATURE_API_KEY (--api-key).';
    throw new ArmatureError('unauthorized', detail, { cause });
  }
}

/** Calls back with the records themselves: the database server's, or the embedded ones while no server runs. */
export async function withKeysOfRecords<T>(
  config: Pick<Config, 'postgresUrl' | 'data'>,
  work: (holder: KeyHolder) => Promise<T>,
): Promise<T> {
  const { records } = await openRecordsForKeys(config);
  try {
    return await work(keysOfRecords(records.keys));
  } finally {
    await records.close();
  }
}

async function openRecordsForKeys(config: Pick<Config, 'postgresUrl' | 'data'>) {
  try {
    return await openConfiguredRecords(config);
  } catch (cause) {
    if (!(cause instanceof ArmatureError) || cause.code !== 'data_in_use') throw cause;
    const detail =
      `A server has ${config.data} in use. Ask it: add --server http://127.0.0.1:7860, with a key of scope admin in ` +
      'ARMATURE_API_KEY if it has keys already.';
    throw new ArmatureError('data_in_use', detail, { cause });
  }
}

function keysOfRecords(keys: KeyRecords): KeyHolder {
  const shown = ({ key, text }: IssuedKey): NewKeyView => ({ ...keyView(key), key: text });
  return {
    create: async (request) => shown(await issueKey(keys, request)),
    list: async (tenant) => (await keys.list(tenant)).map(keyView),
    async revoke(id) {
      const key = await keys.revoke(id);
      if (key === null) throw new ArmatureError('not_found', `There is no key ${id}.`);
      return keyView(key);
    },
    async rotate(id, overlapSeconds) {
      const issued = await replaceKey(keys, id, overlapSeconds);
      if (issued === null) throw new ArmatureError('not_found', `There is no key ${id} that still opens anything.`);
      return shown(issued);
    },
  };
}
