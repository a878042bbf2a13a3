import { describe, expect, it } from 'vitest';
import { parseSource, type SourceFile, sourceFiles } from './source-files.ts';

const files = sourceFiles();

/**
 * Which folders a folder may import code from; its own and errors.ts always. Types may come from anywhere, except into
 * the pure folders. cli.ts and cli/ put everything together.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  numeric: [],
  text: [],
  files: [],
  prompt: [],
  pixels: ['numeric'],
  schedulers: ['numeric', 'generation'],
  json: ['generation'],
  conditions: ['numeric', 'text', 'pixels'],
  generation: ['text', 'conditions', 'schedulers', 'prompt'],
  graph: ['numeric'],
  images: ['pixels'],
  weights: ['numeric', 'json', 'graph', 'files'],
  fetch: [],
  models: ['text', 'generation', 'conditions', 'weights', 'fetch', 'files', 'json', 'pipeline', 'schedulers'],
  runtime: ['numeric', 'graph', 'weights'],
  pipeline: ['numeric', 'json', 'files', 'schedulers'],
  extractor: ['conditions', 'images', 'models', 'runtime'],
  device: ['numeric', 'conditions', 'generation', 'pipeline', 'schedulers', 'runtime', 'graph', 'weights'],
  store: ['files', 'generation'],
  access: [],
  records: ['generation', 'access'],
  queue: ['records', 'generation'],
  drawing: ['generation', 'conditions', 'pixels', 'images'],
  worker: ['generation', 'records', 'queue', 'store', 'images', 'tracing', 'drawing'],
  webhooks: ['generation', 'records', 'fetch'],
  metrics: [],
  tracing: [],
  retention: ['generation', 'records', 'store'],
  server: [
    'text',
    'json',
    'retention',
    'generation',
    'access',
    'records',
    'queue',
    'store',
    'images',
    'conditions',
    'models',
    'fetch',
    'tracing',
  ],
  config: ['generation'],
  service: [
    'config',
    'fetch',
    'images',
    'records',
    'queue',
    'store',
    'models',
    'conditions',
    'device',
    'extractor',
    'worker',
    'retention',
    'webhooks',
    'metrics',
    'tracing',
    'server',
  ],
};

/** Folders whose results depend on their arguments alone. */
const pure = ['numeric', 'text', 'prompt', 'pixels', 'schedulers', 'conditions', 'generation', 'graph'];

/** Types only: what the parts say to each other. */
const contracts = ['pipeline/networks.ts'];

/** Packages that have one owner. */
const owners: Readonly<Record<string, string>> = {
  sharp: 'images',
  'onnxruntime-node': 'runtime',
  pg: 'records',
  '@electric-sql/pglite': 'records',
  bullmq: 'queue',
  ioredis: 'queue',
  '@aws-sdk/client-s3': 'store',
  fastify: 'server',
  'prom-client': 'metrics',
  '@opentelemetry/api': 'tracing',
  '@opentelemetry/sdk-trace-node': 'tracing',
  '@opentelemetry/resources': 'tracing',
  '@opentelemetry/exporter-trace-otlp-http': 'tracing',
  standardwebhooks: 'webhooks',
  commander: 'cli',
  'cli-progress': 'cli',
};

const folderOf = (path: string): string => path.split('/')[0] ?? '';
const isPure = (path: string): boolean => pure.some((folder) => path.startsWith(`${folder}/`));
const packageOf = (specifier: string): string =>
  specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');

/** `from -> to` for each import of `file` that breaks the rule. */
function broken(file: SourceFile, rule: (imported: SourceFile['imports'][number]) => boolean): readonly string[] {
  return file.imports.filter((imported) => !rule(imported)).map((imported) => `${file.path} -> ${imported.target}`);
}

describe('imports', () => {
  it('are found in every way in which they are written', () => {
    const text = `
      import a, { b } from '../numeric/a.ts';
      import { type C, type D } from './c.ts';
      import type { E } from 'pg';
      export { f } from './f.ts';
      // import { g } from './g.ts';
      const h = await import('node:fs'); const i = 'http://x'; import 'sharp';
    `;
    expect(parseSource('graph/x.ts', text.replace("; import 'sharp'", ";\nimport 'sharp'")).imports).toEqual([
      { target: 'numeric/a.ts', own: true, typeOnly: false },
      { target: 'graph/c.ts', own: true, typeOnly: true },
      { target: 'pg', own: false, typeOnly: true },
      { target: 'graph/f.ts', own: true, typeOnly: false },
      { target: 'sharp', own: false, typeOnly: false },
      { target: 'node:fs', own: false, typeOnly: false },
    ]);
  });

  it('stay within what each folder may use', () => {
    expect(files.length).toBeGreaterThan(40);
    const wrong = files
      .filter((file) => !file.path.startsWith('cli') && file.path.includes('/'))
      .flatMap((file) => {
        const folder = folderOf(file.path);
        const reach = [folder, ...(allowed[folder] ?? [])];
        return broken(
          file,
          ({ own, typeOnly, target }) => !own || typeOnly || target === 'errors.ts' || reach.includes(folderOf(target)),
        );
      });
    expect(wrong).toEqual([]);
  });

  it('have a rule for every folder', () => {
    const folders = new Set(files.filter((file) => file.path.includes('/')).map((file) => folderOf(file.path)));
    expect([...folders].filter((folder) => folder !== 'cli' && !(folder in allowed))).toEqual([]);
  });

  it('reach the command line from nowhere', () => {
    const inner = files.filter((file) => !file.path.startsWith('cli'));
    expect(inner.flatMap((file) => broken(file, ({ target }) => !target.startsWith('cli')))).toEqual([]);
  });

  it('leave each of the great libraries to its owner', () => {
    const wrong = files.flatMap((file) =>
      broken(file, ({ own, typeOnly, target }) => {
        const owner = owners[packageOf(target)];
        return own || typeOnly || owner === undefined || folderOf(file.path) === owner;
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('leave requests to other servers to the guarded fetcher', () => {
    // The command line speaks to its own server.
    const others = files.filter(({ path }) => !['fetch', 'cli'].includes(folderOf(path)));
    const modules = ['node:http', 'node:https', 'node:http2', 'node:net', 'node:tls', 'undici'];
    expect(
      others.flatMap((file) => broken(file, ({ typeOnly, target }) => typeOnly || !modules.includes(target))),
    ).toEqual([]);
    expect(others.filter(({ code }) => /(?<![.\w])fetch\(/.test(code)).map(({ path }) => path)).toEqual([]);
  });
});

describe('pure folders', () => {
  const pureFiles = files.filter((file) => isPure(file.path));

  it('import pure folders and contracts only', () => {
    expect(pureFiles.length).toBeGreaterThan(20);
    const wrong = pureFiles.flatMap((file) =>
      broken(file, ({ own, typeOnly, target }) => {
        if (!own) return ['zod', 'protobufjs'].includes(packageOf(target));
        return isPure(target) || target === 'errors.ts' || (typeOnly && contracts.includes(target));
      }),
    );
    expect(wrong).toEqual([]);
  });

  it('read no clock, environment or global random state and write nowhere', () => {
    const impure =
      /\b(Date\.now|new Date\(\)|Math\.random|performance\.|process\.|console\.|setTimeout|setInterval|fetch\(|crypto\.)/;
    expect(pureFiles.filter((file) => impure.test(file.code)).map((file) => file.path)).toEqual([]);
  });
});

describe('names and settings', () => {
  it('reads the environment in one place', () => {
    const readers = files.filter((file) =>
      /\bprocess\s*\??\.\s*env\b|\bprocess\[|from\s+['"](?:node:)?process['"]/.test(file.code),
    );
    expect(readers.map((file) => file.path)).toEqual(['config/config.ts']);
  });

  it('knows the embedded model as the default of one setting', () => {
    const embedded = 'diorama';
    expect(files.filter((file) => file.code.includes(embedded)).map((file) => file.path)).toEqual([
      'config/settings.ts',
    ]);
  });
});
