import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/metrics/metrics.ts';
import { root, textOf, yamlOf } from './files.ts';

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels: { readonly severity: string };
  readonly annotations: { readonly summary: string };
}
interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly targets?: readonly { readonly expr: string }[];
}
interface Scrape {
  readonly job_name: string;
  readonly dns_sd_configs: readonly { readonly names: readonly string[]; readonly port: number }[];
  readonly authorization?: { readonly credentials_file: string };
}

const { registry } = createMetrics({ version: '0.0.0', role: 'serve' });
const metrics = new Map(
  (registry.getMetricsAsArray() as unknown as { name: string; type: string; labelNames: string[] }[]).map((metric) => [
    metric.name,
    metric,
  ]),
);
const rules = yamlOf<{ readonly groups: readonly { readonly rules: readonly Rule[] }[] }>(
  'deploy/prometheus/alerts.yml',
).groups.flatMap((group) => group.rules);
const { panels } = JSON.parse(textOf('deploy/grafana/armature.json')) as { readonly panels: readonly Panel[] };
const queries = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
];
const compose = yamlOf<{
  readonly services: Readonly<Record<string, { readonly volumes?: readonly string[]; readonly environment?: object }>>;
}>('docker-compose.yml');

/** What Prometheus adds to every sample. */
const ofPrometheus = ['job', 'instance', 'le'];

/** The metric that a series belongs to: those of a histogram end differently. */
function metricOf(series: string) {
  const base = series.replace(/_(bucket|sum|count)$/, '');
  return metrics.get(series) ?? (metrics.get(base)?.type === 'histogram' ? metrics.get(base) : undefined);
}

describe.each(queries)('the query of "%s"', (_name, expression) => {
  const series = [...expression.matchAll(/\b((?:armature|process|nodejs)_\w+)(?:\{([^}]*)\})?/g)];

  it('asks for metrics that there are, by labels that they have', () => {
    if (!/^up\b/.test(expression)) expect(series.length).toBeGreaterThan(0);
    for (const [, name = '', matchers = ''] of series) {
      const metric = metricOf(name);
      expect(metric, name).toBeDefined();
      const labels = [...matchers.matchAll(/(\w+)\s*[=!]/g)].map(([, label]) => label!);
      for (const label of labels) expect([...metric!.labelNames, ...ofPrometheus]).toContain(label);
    }
  });

  it('groups by labels that a metric of it has', () => {
    const known = series.flatMap(([, name = '']) => metricOf(name)?.labelNames ?? []);
    const grouped = [...expression.matchAll(/\b(?:by|on)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    );
    for (const label of grouped) expect([...known, ...ofPrometheus]).toContain(label);
  });
});

describe('alarms', () => {
  it('are those of docs/operations.md, each with what to do', () => {
    const documented = [...textOf('docs/operations.md').matchAll(/^\| `(Armature\w+)` \| (\w+) \|/gm)];
    expect(documented.map(([, name, severity]) => [name, severity])).toEqual(
      rules.map(({ alert, labels }) => [alert, labels.severity]),
    );
  });

  const promtool = ['/usr/bin/promtool', '/usr/local/bin/promtool'].find((path) => existsSync(path));

  it.skipIf(promtool === undefined)('are what Prometheus takes (promtool)', () => {
    const check = (...args: readonly string[]) => {
      const { status, stdout, stderr } = spawnSync(promtool!, ['check', ...args]);
      expect(status, `${stdout.toString()}${stderr.toString()}`).toBe(0);
    };
    check('rules', join(root, 'deploy/prometheus/alerts.yml'));
    check('config', '--syntax-only', join(root, 'deploy/prometheus/prometheus.yml'));
  });
});

describe('the dashboard', () => {
  it('has panels with numbers of their own', () => {
    expect(panels.length).toBeGreaterThan(20);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });
});

describe('Prometheus in docker-compose.yml', () => {
  const { scrape_configs: jobs, rule_files: files } = yamlOf<{
    readonly scrape_configs: readonly Scrape[];
    readonly rule_files: readonly string[];
  }>('deploy/prometheus/prometheus.yml');

  it('asks the api and every worker at the port where it answers', () => {
    const targets = jobs.flatMap(({ dns_sd_configs: found }) =>
      found.flatMap(({ names, port }) => names.map((name) => [name, port])),
    );
    expect(targets).toEqual([
      ['api', 7860],
      ['worker', 9464],
      ['worker-gpu', 9464],
    ]);
    for (const name of ['worker', 'worker-gpu']) {
      expect(compose.services[name]?.environment).toMatchObject({ ARMATURE_METRICS_PORT: '9464' });
    }
  });

  it('shows the api a key of an admin', () => {
    const { secrets } = yamlOf<{ readonly secrets: object }>('docker-compose.yml');
    expect(secrets).toEqual({ 'armature-admin-key': { environment: 'ADMIN_KEY' } });
    expect(jobs[0]!.authorization).toEqual({ credentials_file: '/run/secrets/armature-admin-key' });
    expect(compose.services['api']?.environment).toMatchObject({
      ARMATURE_ADMIN_KEY: '${ADMIN_KEY:?put it into .env}',
    });
  });

  it('mounts files that are there', () => {
    const mounted = ['prometheus', 'grafana'].flatMap((name) => compose.services[name]?.volumes ?? []);
    const paths = mounted.map((volume) => volume.split(':')[0]!).filter((path) => path.startsWith('./'));
    expect(paths).toHaveLength(3);
    for (const path of [...paths, ...files.map((file) => `deploy/prometheus/${file}`)]) {
      expect(existsSync(join(root, path)), path).toBe(true);
    }
  });
});
