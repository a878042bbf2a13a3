import type { Config } from '../config/config.ts';
import { ArmatureError } from '../errors.ts';
import { type OpenRecords, openRecords } from '../records/open.ts';

/** Records where the settings say that they are. Told to give up, as `openRecords`. */
export async function openConfiguredRecords(
  { postgresUrl, data }: Pick<Config, 'postgresUrl' | 'data'>,
  giveUp?: AbortSignal,
): Promise<OpenRecords> {
  return postgresUrl === null ? await openRecords({ dataFolder: data }, giveUp) : await openServerRecords(postgresUrl);
}

/** As `openRecords`; a server that is away is named, without its password. */
async function openServerRecords(postgresUrl: string): Promise<OpenRecords> {
  try {
    return await openRecords({ postgresUrl });
  } catch (cause) {
    if (!(cause instanceof ArmatureError) || cause.code !== 'unavailable') throw cause;
    const detail = `No PostgreSQL answers at ${new URL(postgresUrl).host}. Start it, or correct --postgres-url.`;
    throw new ArmatureError('unavailable', detail, { cause });
  }
}
