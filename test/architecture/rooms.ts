/** A folder of src, and what its files may know. The table of docs/architecture.md is made of this one. */
export interface Room {
  readonly idea: string;
  /** Folders that it may import from, for types too; itself and errors.ts always. */
  readonly imports: readonly string[];
  /** Packages that nobody else imports. */
  readonly owns?: readonly string[];
  /** Its results depend on its arguments alone: no I/O, clock, environment or global random state. */
  readonly pure?: true;
}

/** Every room stands below those that it imports from, so that a circle shows at once. */
export const rooms: Readonly<Record<string, Room>> = {
  numeric: { idea: 'tensors, torch-exact random numbers, resampling of planes', imports: [], pure: true },
  text: {
    idea: 'words for people: the known name that is nearest to a mistyped one, a value in a message, the path of a field',
    imports: [],
    pure: true,
  },
  prompt: { idea: 'what a prompt asks for: its grammar, not its tokens', imports: [], pure: true },
  files: {
    idea: 'regular files and nothing else: pipes and devices are never opened; files are written whole or not at all',
    imports: [],
  },
  children: {
    idea: 'child processes: what one has used of the processor, whether it hangs, or was told to end with everybody',
    imports: [],
  },
  fetch: { idea: 'the one way out: guarded requests to other servers', imports: [] },
  access: { idea: 'API keys: their text, scopes and limits', imports: [] },
  tracing: {
    idea: 'spans, sent to a collector where one is named',
    imports: [],
    owns: [
      '@opentelemetry/api',
      '@opentelemetry/sdk-trace-node',
      '@opentelemetry/resources',
      '@opentelemetry/exporter-trace-otlp-http',
    ],
  },
  pixels: {
    idea: 'pictures as bytes: masks, thresholds, lines and circles, places in a frame; no codec',
    imports: ['numeric'],
    pure: true,
  },
  schedulers: {
    idea: 'the samplers and their schedules, a file each, and their registry',
    imports: ['numeric'],
    pure: true,
  },
  graph: { idea: 'networks as graphs of operators, and those as ONNX', imports: ['numeric'], pure: true },
  conditions: {
    idea: 'one folder a kind of structure, and their registry',
    imports: ['numeric', 'text', 'pixels'],
    pure: true,
  },
  generation: {
    idea: 'the contract: request, plan, model, job, resolution',
    imports: ['numeric', 'text', 'prompt', 'pixels', 'schedulers', 'graph', 'conditions'],
    pure: true,
  },
  json: {
    idea: "JSON as strangers write it: read in one pass with turns for others, measured before it is parsed, with Python's numbers",
    imports: ['text'],
  },
  images: {
    idea: 'decoding with limits, in child processes, resizing, encoding',
    imports: ['numeric', 'children', 'pixels', 'generation'],
    owns: ['sharp'],
  },
  config: { idea: 'flags and environment, which nobody else reads, as settings', imports: ['generation'] },
  weights: {
    idea: 'safetensors, key maps, checkpoints',
    imports: ['numeric', 'schedulers', 'graph', 'files', 'json'],
  },
  store: {
    idea: 'bytes under keys, in files or a bucket',
    imports: ['files', 'generation'],
    owns: ['@aws-sdk/client-s3'],
  },
  records: {
    idea: 'the truth about jobs, in SQL',
    imports: ['files', 'access', 'generation'],
    owns: ['pg', '@electric-sql/pglite'],
  },
  runtime: {
    idea: 'sessions',
    imports: ['numeric', 'graph'],
    owns: ['onnxruntime-node'],
  },
  pipeline: {
    idea: 'tokenizer, guidance, denoise loop',
    imports: ['numeric', 'prompt', 'pixels', 'schedulers', 'files', 'json', 'generation'],
  },
  models: {
    idea: 'what is in the model folders, the process that looks into it, and pulling into them',
    imports: [
      'text',
      'schedulers',
      'graph',
      'files',
      'children',
      'json',
      'generation',
      'conditions',
      'weights',
      'pipeline',
      'fetch',
    ],
  },
  queue: {
    idea: 'tickets, and whose turn it is',
    imports: ['generation', 'records'],
    owns: ['bullmq', 'ioredis'],
  },
  webhooks: {
    idea: 'sending events from the outbox to their receivers',
    imports: ['fetch', 'generation', 'records'],
    owns: ['standardwebhooks'],
  },
  retention: { idea: "deleting: what is old, too much, or nobody's", imports: ['generation', 'records', 'store'] },
  device: {
    idea: 'the device process: plans to pixels, one tick after another',
    imports: [
      'numeric',
      'prompt',
      'pixels',
      'schedulers',
      'graph',
      'conditions',
      'generation',
      'weights',
      'children',
      'runtime',
      'pipeline',
    ],
  },
  training: {
    idea: 'one training plan to a ControlNet or a LoRA: sets of pictures, optimizer, loss, the loop, checkpoints, the files of the result',
    imports: [
      'numeric',
      'text',
      'pixels',
      'schedulers',
      'files',
      'json',
      'graph',
      'generation',
      'conditions',
      'images',
      'weights',
      'runtime',
      'pipeline',
      'device',
    ],
    owns: ['yauzl', 'tar', 'smol-toml', 'csv-parse'],
  },
  extractor: {
    idea: 'the extractor process: photographs to maps',
    imports: ['numeric', 'pixels', 'children', 'conditions', 'images', 'models', 'runtime'],
  },
  drawing: {
    idea: 'one plan to pictures: its maps, the drawing, the choice among candidates; knows no queue',
    imports: [
      'numeric',
      'pixels',
      'generation',
      'conditions',
      'images',
      'store',
      'models',
      'pipeline',
      'tracing',
      'device',
      'extractor',
    ],
  },
  worker: {
    idea: 'the life of an attempt: claim, heartbeat, cancel, checkpoints, commit',
    imports: [
      'pixels',
      'generation',
      'images',
      'store',
      'records',
      'queue',
      'models',
      'tracing',
      'device',
      'extractor',
      'drawing',
    ],
  },
  trainer: {
    idea: 'trainings as jobs: their process, their checkpoints and results in the store, and what was trained as files of this machine',
    imports: [
      'files',
      'children',
      'conditions',
      'generation',
      'images',
      'store',
      'records',
      'models',
      'device',
      'training',
      'extractor',
      'drawing',
    ],
  },
  metrics: {
    idea: 'what a process counts and measures',
    imports: ['generation', 'store', 'device', 'worker'],
    owns: ['prom-client'],
  },
  server: {
    idea: 'HTTP',
    imports: [
      'text',
      'pixels',
      'schedulers',
      'graph',
      'access',
      'fetch',
      'tracing',
      'json',
      'generation',
      'conditions',
      'images',
      'store',
      'records',
      'queue',
      'models',
      'retention',
      'metrics',
    ],
    owns: ['fastify'],
  },
  service: {
    idea: 'a configuration as running parts: serve, api, worker; listening, shutdown',
    imports: [
      'fetch',
      'tracing',
      'generation',
      'config',
      'conditions',
      'images',
      'store',
      'records',
      'queue',
      'models',
      'webhooks',
      'retention',
      'device',
      'extractor',
      'drawing',
      'worker',
      'trainer',
      'metrics',
      'server',
    ],
  },
  cli: {
    idea: 'the command line, a file or folder a command',
    imports: [
      'pixels',
      'schedulers',
      'graph',
      'access',
      'fetch',
      'files',
      'tracing',
      'json',
      'generation',
      'conditions',
      'images',
      'config',
      'weights',
      'store',
      'records',
      'queue',
      'models',
      'retention',
      'device',
      'training',
      'extractor',
      'drawing',
      'server',
      'service',
    ],
    owns: ['commander', 'cli-progress'],
  },
};

/** The table for people, line by line. */
export function roomTable(): readonly string[] {
  const quoted = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');
  const row = ([folder, { idea, imports, owns = [], pure }]: readonly [string, Room]): string =>
    `| \`${folder}\` | ${idea}${pure === true ? ' (pure)' : ''} | ${quoted(imports)} | ${quoted(owns)} |`;
  const head = ['| folder | idea | may import | packages that nobody else imports |', '| --- | --- | --- | --- |'];
  return [...head, ...Object.entries(rooms).map(row)];
}
