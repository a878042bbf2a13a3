import { delimiter, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { modelFolders } from '../../src/config/model-folders.ts';
import { requirePostgres } from '../../src/config/require-postgres.ts';
import { requireSafeHost } from '../../src/config/safe-host.ts';
import { secretsOf } from '../../src/config/secrets.ts';
import { variableOf } from '../../src/config/settings/setting.ts';
import { settingKeys, settings, themes } from '../../src/config/settings/settings.ts';
import { ArmatureError } from '../../src/errors.ts';

function refusal(work: () => unknown): ArmatureError {
  try {
    work();
  } catch (error) {
    if (error instanceof ArmatureError) return error;
    throw error;
  }
  throw new Error('Expected an ArmatureError but the value was taken');
}

describe('precedence', () => {
  it('takes the default where nothing is said', () => {
    const config = readConfig({}, {});
    expect(config).toMatchObject({ host: '127.0.0.1', port: 7860, provider: 'auto', logLevel: 'info', corsOrigin: [] });
    expect(config.postgresUrl).toBeNull();
    expect(config.threads).toBeGreaterThanOrEqual(1);
  });

  it('prefers an alias to the default, the ARMATURE_ variable to the alias, and the flag to both', () => {
    const alias = { PORT: '8001' };
    const variable = { ...alias, ARMATURE_PORT: '8002' };
    expect(readConfig({}, alias).port).toBe(8001);
    expect(readConfig({}, variable).port).toBe(8002);
    expect(readConfig({ port: '8003' }, variable).port).toBe(8003);
  });

  it('treats an empty variable as absent', () => {
    expect(readConfig({}, { ARMATURE_PORT: '', PORT: '8001' }).port).toBe(8001);
  });

  it('reads REDIS_URL and DATABASE_URL', () => {
    const config = readConfig({}, { REDIS_URL: 'redis://r:1', DATABASE_URL: 'postgres://u@h/d' });
    expect(config.redisUrl).toBe('redis://r:1');
    expect(config.postgresUrl).toBe('postgres://u@h/d');
  });
});

describe('values', () => {
  it.each([
    ['1048576', 2 ** 20],
    ['512MB', 512 * 2 ** 20],
    ['1.5 gb', 1.5 * 2 ** 30],
    ['6G', 6 * 2 ** 30],
  ])('reads the size %s', (text, bytes) => {
    expect(readConfig({ memoryBudget: text }, {}).memoryBudget).toBe(bytes);
  });

  it('takes repeated folders from flags and a list of them from the environment, as absolute paths', () => {
    expect(readConfig({ models: ['a', 'b'] }, {}).models).toEqual([resolve('a'), resolve('b')]);
    expect(readConfig({}, { ARMATURE_MODELS: `a${delimiter}b` }).models).toEqual([resolve('a'), resolve('b')]);
  });

  it('puts the data folder where the platform wants it', () => {
    expect(readConfig({}, { XDG_DATA_HOME: resolve('/xdg') }).data).toBe(resolve('/xdg/armature'));
    expect(readConfig({}, { XDG_DATA_HOME: 'relative' }).data).toMatch(/\.armature$/);
  });

  it('takes the slash off the end of the public URL', () => {
    expect(readConfig({ publicUrl: 'https://x.example/api/' }, {}).publicUrl).toBe('https://x.example/api');
  });

  it.each([
    ['port', '70000'],
    ['port', '-1'],
    ['port', '1e3'],
    ['deviceId', 'first'],
    ['threads', '0'],
    ['memoryBudget', '6 apples'],
    ['memoryBudget', '12'],
    ['maxRows', '1'],
    ['provider', 'rocm'],
    ['publicUrl', 'example.com'],
    ['corsOrigin', 'https://x.example/path'],
    ['logLevel', 'loud'],
    ['host', ' '],
  ] as const)('refuses %s = %s and names flag, variable and value', (key, value) => {
    const row = settings[key];
    for (const error of [
      refusal(() => readConfig({ [key]: value }, {})),
      refusal(() => readConfig({}, { [variableOf(row)]: value })),
    ]) {
      expect(error.code).toBe('invalid_config');
      expect(error.message).toContain(`--${row.flag}`);
      expect(error.message).toContain(variableOf(row));
      expect(error.message).toContain(JSON.stringify(value));
      expect(error.message).not.toContain('\n');
    }
  });

  it.each([
    ['postgresUrl', 'mysql://u:Q7x9@h/d'],
    ['redisUrl', 'Q7x9@localhost:6379'],
    ['s3Endpoint', 'ftp://Q7x9@h'],
    ['adminKey', 'Q7x9'],
    ['webhookSecret', 'Q7x9'],
  ] as const)('refuses %s = %s without repeating it', (key, value) => {
    const { message } = refusal(() => readConfig({ [key]: value }, {}));
    expect(message).toContain('received "..."');
    expect(message).not.toContain('Q7x9');
  });

  it('is null where a setting has no default, and off or on where it is a switch', () => {
    const { adminKey, s3ForcePathStyle, submissionsPerMinute, allowAnonymous, embedParameters } = readConfig({}, {});
    expect([adminKey, s3ForcePathStyle, submissionsPerMinute]).toEqual([null, null, null]);
    expect([allowAnonymous, embedParameters]).toEqual([false, true]);
  });

  it('knows what in it is secret, as it stands there and as it is meant', () => {
    const config = readConfig(
      {
        adminKey: 'the-operators-secret-0123456789abcdef',
        redisUrl: 'redis://:p%40ssword@redis:6379',
        postgresUrl: 'postgres://u@db/x',
      },
      {},
    );
    const environment = { AWS_SECRET_ACCESS_KEY: 'aws-secret', OTEL_EXPORTER_OTLP_HEADERS: 'a=token%20one, b=token2' };
    expect(secretsOf(config, environment)).toEqual([
      'the-operators-secret-0123456789abcdef',
      'aws-secret',
      'p%40ssword',
      'p@ssword',
      'token%20one',
      'token one',
      'token2',
    ]);
  });

  it('refuses a switch that is neither on nor off in the environment', () => {
    expect(readConfig({}, { ARMATURE_ALLOW_ANONYMOUS: 'true' }).allowAnonymous).toBe(true);
    expect(readConfig({}, { ARMATURE_ALLOW_ANONYMOUS: '0' }).allowAnonymous).toBe(false);
    expect(refusal(() => readConfig({}, { ARMATURE_ALLOW_ANONYMOUS: 'maybe' })).code).toBe('invalid_config');
  });
});

describe('the table of settings', () => {
  it('has one row and one variable for each field of the configuration', () => {
    expect(settingKeys.toSorted()).toEqual(Object.keys(readConfig({}, {})).toSorted());
    expect(new Set(settingKeys.map((key) => variableOf(settings[key]))).size).toBe(settingKeys.length);
    expect(themes.flatMap(({ keys }) => keys)).toEqual(settingKeys);
  });
});

describe('what commands ask of the configuration', () => {
  it.each(['127.0.0.1', '127.1.2.3', '::1', 'localhost'])('listens on %s without keys', (host) => {
    expect(() => requireSafeHost({ host, allowAnonymous: false, adminKey: null }, false)).not.toThrow();
  });

  it.each(['0.0.0.0', '::', '192.168.1.4', '127.0.0.1.example.com'])('refuses %s without keys', (host) => {
    expect(refusal(() => requireSafeHost({ host, allowAnonymous: false, adminKey: null }, false)).message).toContain(
      '--allow-anonymous',
    );
    expect(() => requireSafeHost({ host, allowAnonymous: true, adminKey: null }, false)).not.toThrow();
    expect(() => requireSafeHost({ host, allowAnonymous: false, adminKey: 'x' }, false)).not.toThrow();
    expect(() => requireSafeHost({ host, allowAnonymous: false, adminKey: null }, true)).not.toThrow();
  });

  it('refuses api and worker without PostgreSQL in one line', () => {
    const error = refusal(() => requirePostgres({ postgresUrl: null }, 'worker'));
    expect(error.message).toContain('armature worker');
    expect(error.message).not.toContain('\n');
    expect(requirePostgres({ postgresUrl: 'postgres://h/d' }, 'worker')).toBe('postgres://h/d');
  });

  it('looks for models in named folders first and in the embedded ones last', () => {
    const folders = modelFolders({ models: ['/m'], data: '/d' });
    expect(folders.slice(0, 2)).toEqual(['/m', join('/d', 'models')]);
    expect(folders).toHaveLength(3);
  });
});
