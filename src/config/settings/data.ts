import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';
import { type Environment, optional, setting } from './setting.ts';
import { byteSize, flagValue, integer, keyPrefix, one, path, text, urlOfServer } from './values.ts';

/** Where data is kept, and for how long. */
export const data = {
  /** Absolute path of the folder that keeps records, objects, compiled graphs and models. */
  data: setting({
    flag: 'data',
    argument: 'dir',
    description: 'folder for records, results and models',
    takenFor: ['requests', 'worker', 'records', 'library', 'pictures', 'pull'],
    parse: one(path),
    fallback: platformDataFolder,
    fallbackText: './data if it is one, else $XDG_DATA_HOME/armature or ~/.armature',
  }),
  postgresUrl: optional({
    flag: 'postgres-url',
    argument: 'url',
    description: 'PostgreSQL for the records instead of the embedded database',
    aliases: ['DATABASE_URL'],
    takenFor: ['requests', 'worker', 'records'],
    secret: 'password',
    parse: one((value) => urlOfServer(value, ['postgres:', 'postgresql:'])),
  }),
  redisUrl: optional({
    flag: 'redis-url',
    argument: 'url',
    description: 'Redis for the queue',
    aliases: ['REDIS_URL'],
    takenFor: ['requests', 'worker', 'queue'],
    secret: 'password',
    parse: one((value) => urlOfServer(value, ['redis:', 'rediss:'])),
  }),
  /** Bucket of the object store; null keeps objects in files below `data`. */
  s3Bucket: optional({
    flag: 's3-bucket',
    argument: 'name',
    description: 'bucket for the results instead of the data folder',
    takenFor: ['objects'],
    parse: one(text),
  }),
  /** What all keys in the bucket begin with, without a slash at either end. */
  s3Prefix: setting({
    flag: 's3-prefix',
    argument: 'text',
    description: 'what all keys in the bucket begin with',
    takenFor: ['objects'],
    parse: one(keyPrefix),
    fallback: () => '',
  }),
  s3Region: setting({
    flag: 's3-region',
    argument: 'name',
    description: 'region of the bucket',
    aliases: ['AWS_REGION', 'AWS_DEFAULT_REGION'],
    takenFor: ['objects'],
    parse: one(text),
    fallback: () => 'us-east-1',
  }),
  /** Null for Amazon's own. */
  s3Endpoint: optional({
    flag: 's3-endpoint',
    argument: 'url',
    description: "server that speaks S3, instead of Amazon's",
    aliases: ['AWS_ENDPOINT_URL_S3', 'AWS_ENDPOINT_URL'],
    takenFor: ['objects'],
    secret: 'password',
    parse: one((value) => urlOfServer(value, ['http:', 'https:'])),
  }),
  /** Null: where an endpoint is given. */
  s3ForcePathStyle: optional({
    flag: 's3-force-path-style',
    argument: 'on|off',
    description: "the bucket in the address's path instead of its host name",
    takenFor: ['objects'],
    parse: one(flagValue),
    fallbackText: 'on with --s3-endpoint',
  }),
  /** Days for which ended jobs and unused uploads are kept; 0 is for ever. */
  retentionDays: setting({
    flag: 'retention-days',
    argument: 'number',
    description: 'days after which jobs that have ended are deleted, and uploads that nobody uses; 0 keeps them',
    takenFor: ['requests'],
    parse: one((value) => integer(value, 0, 36_500)),
    fallback: () => 30,
  }),
  /** Bytes of results, inputs and uploads beyond which the oldest jobs go; 0 is any number. */
  retentionSize: setting({
    flag: 'retention-size',
    argument: 'size',
    description: 'room for results and pictures: beyond it the jobs that ended first are deleted; 0 is any number',
    takenFor: ['requests'],
    parse: one((value) => (value.trim() === '0' ? 0 : byteSize(value))),
    fallback: () => 20 * 2 ** 30,
    fallbackText: '20GB',
  }),
};

function platformDataFolder(environment: Environment): string {
  const base = environment['XDG_DATA_HOME'];
  // The XDG specification says to ignore a relative path.
  if (base !== undefined && isAbsolute(base)) return join(base, 'armature');
  return join(homedir(), '.armature');
}
