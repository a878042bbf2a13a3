import { describe, expect, it } from 'vitest';
import { textOf, yamlOf } from './files.ts';
import { type Environment, expectCommandTakes } from './settings.ts';

interface Service {
  readonly image: string;
  readonly build?: { readonly target: string };
  readonly command?: readonly string[];
  readonly environment?: Environment;
  readonly ports?: readonly string[];
  readonly volumes?: readonly string[];
  readonly networks: readonly string[];
  readonly profiles?: readonly string[];
  readonly depends_on?: Readonly<Record<string, { readonly condition: string }>>;
  readonly healthcheck?: { readonly test?: readonly string[]; readonly disable?: boolean };
  readonly stop_grace_period?: string;
  readonly mem_limit?: string;
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
}

const compose = yamlOf<{
  readonly services: Readonly<Record<string, Service>>;
  readonly volumes: Readonly<Record<string, unknown>>;
  readonly networks: Readonly<Record<string, { readonly internal?: boolean } | null>>;
}>('docker-compose.yml');
const services = Object.entries(compose.services);
const own = services.filter(([, { build }]) => build !== undefined);
const service = (name: string): Service => compose.services[name]!;

/** Puts values in place of ${NAME}, ${NAME:-default} and ${NAME:?message}. */
function interpolated(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g, (_all, name: string, fallback?: string) => {
    return values[name] ?? fallback ?? '';
  });
}

const passwords = { POSTGRES_PASSWORD: '7d2e01', REDIS_PASSWORD: 'a94c55', ADMIN_KEY: '0123456789abcdef'.repeat(3) };

describe('docker-compose.yml', () => {
  it('has the parts of the service, and the GPU worker and the monitoring in profiles', () => {
    const inProfile = (wanted: string | undefined) =>
      services.filter(([, { profiles }]) => profiles?.[0] === wanted).map(([name]) => name);
    expect(inProfile(undefined).toSorted()).toEqual(['api', 'postgres', 'redis', 'worker']);
    expect(inProfile('gpu')).toEqual(['worker-gpu']);
    expect(inProfile('monitoring').toSorted()).toEqual(['grafana', 'prometheus']);
  });

  it.each(own)('gives %s a command and settings that it takes', async (_name, { command, environment }) => {
    const values = Object.entries(environment ?? {}).map(([key, value]) => [key, interpolated(value, passwords)]);
    await expectCommandTakes(command ?? [], Object.fromEntries(values) as Environment);
  });

  it.each(own)('locks %s up', (_name, { read_only, cap_drop, security_opt }) => {
    expect({ read_only, cap_drop, security_opt }).toEqual({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    });
  });

  it.each(own)('gives %s the time that docs/deployment.md names to end in', (_name, { stop_grace_period }) => {
    expect(stop_grace_period).toBe('60s');
    expect(textOf('docs/deployment.md')).toContain('The files here have 60 seconds.');
  });

  it.each(services)('bounds the memory of %s', (_name, { mem_limit }) => {
    expect(interpolated(mem_limit ?? '', {})).toMatch(/^\d+[mg]$/);
  });

  it.each(own)('builds %s from a target of the Dockerfile', (_name, { build, image }) => {
    expect(textOf('Dockerfile')).toMatch(new RegExp(` AS ${build!.target}$`, 'm'));
    expect(image).toBe(`armature:${build!.target}`);
  });

  it.each(own)('starts %s when database and queue are healthy, which their checks tell', (_name, { depends_on }) => {
    expect(depends_on).toEqual({
      postgres: { condition: 'service_healthy' },
      redis: { condition: 'service_healthy' },
    });
    for (const name of Object.keys(depends_on ?? {})) expect(service(name).healthcheck?.test).toBeDefined();
  });

  it('checks the health of the api and of workers as their images do, of workers at their metrics port', () => {
    for (const [, { healthcheck }] of own) expect(healthcheck).toBeUndefined();
    for (const name of ['worker', 'worker-gpu']) {
      expect(service(name).environment).toMatchObject({ ARMATURE_METRICS_PORT: '9464' });
    }
  });

  it('publishes nothing but the api and Grafana, and those on loopback since they have no TLS', () => {
    expect(services.filter(([, { ports }]) => ports !== undefined).map(([name]) => name)).toEqual(['api', 'grafana']);
    for (const [, { ports = [] }] of services) for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  it('keeps database, queue and workers on a network without a way out', () => {
    expect(compose.networks['backend']).toEqual({ internal: true });
    for (const [name, { networks }] of services) {
      expect(networks, name).toEqual(['api', 'grafana'].includes(name) ? ['frontend', 'backend'] : ['backend']);
    }
  });

  it('lets nobody in without a key', () => {
    expect(service('api').environment).toMatchObject({ ARMATURE_ADMIN_KEY: '${ADMIN_KEY:?put it into .env}' });
    expect(services.filter(([, { environment }]) => 'ARMATURE_ALLOW_ANONYMOUS' in (environment ?? {}))).toEqual([]);
  });

  it('lets Redis write what it holds, and refuse rather than forget', () => {
    const command = service('redis').command?.join(' ');
    expect(command).toContain('--appendonly yes');
    expect(command).toContain('--maxmemory-policy noeviction');
    expect(command).toContain('--requirepass');
  });

  it('holds no password, and does not start without one', () => {
    const lines = textOf('docker-compose.yml')
      .split('\n')
      .filter((line) => /password|auth|_url:/i.test(line) && !/^\s*(#|- --|-? ?test)/.test(line));
    for (const line of lines.filter((each) => !each.includes('PUBLIC_URL'))) {
      expect(line).toMatch(/\$\{((POSTGRES|REDIS)_PASSWORD:\?|GRAFANA_PASSWORD:-\})/);
    }
  });

  it('keeps everything in volumes that it declares', () => {
    const used = services.flatMap(([, { volumes = [] }]) => volumes.map((volume) => volume.split(':')[0] ?? ''));
    const named = new Set(used.filter((name) => /^\w+$/.test(name)));
    expect([...named].toSorted()).toEqual(Object.keys(compose.volumes).toSorted());
    expect(service('postgres').volumes).toEqual(['postgres:/var/lib/postgresql/data']);
    expect(service('redis').volumes).toEqual(['redis:/data']);
  });
});
