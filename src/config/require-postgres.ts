import { ArmatureError } from '../errors.ts';
import type { Config } from './config.ts';

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
