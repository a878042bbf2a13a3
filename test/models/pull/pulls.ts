import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach } from 'vitest';
import { ArmatureError } from '../../../src/errors.ts';
import { createFetcher } from '../../../src/fetch/fetcher.ts';
import type { CatalogEntry } from '../../../src/models/pull/catalog.ts';
import { Hub } from '../../../src/models/pull/hub.ts';
import { type Pulled, pullModel, type PullOptions } from '../../../src/models/pull/pull.ts';
import type { PullTarget } from '../../../src/models/pull/target.ts';
import { type HubContents, type HubServer, hubServer } from './hub-server.ts';

/** Bytes that differ everywhere, so that a wrong offset shows. */
export function weights(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + (i >> 8) * 7 + seed) & 255);
}

/** An annotator in the catalog. */
export function annotatorEntry(files: CatalogEntry['files']): CatalogEntry {
  return {
    id: 'deep',
    title: 'Depth',
    kind: 'annotator',
    repo: 'some/model',
    revision: 'main',
    variant: 'full',
    files,
    bytes: 1,
    licence: 'MIT',
    family: null,
  };
}

export const text = (value: string): Uint8Array => Buffer.from(value);

export const controlNet: Readonly<Record<string, Uint8Array>> = {
  'README.md': text('# A model'),
  'config.json': text('{"_class_name": "ControlNetModel"}'),
  'diffusion_pytorch_model.bin': weights(3000, 9),
  'diffusion_pytorch_model.safetensors': weights(200_000, 1),
  'diffusion_pytorch_model.fp16.safetensors': weights(100_000, 2),
};

interface Run {
  readonly server: HubServer;
  readonly waits: number[];
  readonly pull: (target?: Partial<PullTarget>, options?: Partial<PullOptions>) => Promise<Pulled>;
}

interface Pulls {
  /** Empty before each test, and gone after it. */
  readonly folder: string;
  readonly open: (contents: HubContents, token?: string | null) => Promise<Run>;
  readonly read: (...path: string[]) => Promise<Uint8Array>;
}

/** Pulls of the tests of a file, into a folder of their own. */
export function newPulls(): Pulls {
  let folder = '';
  beforeEach(async () => void (folder = await mkdtemp(join(tmpdir(), 'armature-pull-'))));
  afterEach(async () => await rm(folder, { recursive: true }));
  return {
    get folder() {
      return folder;
    },
    async open(contents, token = null) {
      const server = await hubServer(contents);
      const waits: number[] = [];
      const fetcher = createFetcher({ allow: [server.hub.host, server.elsewhere.host] });
      const wait = async (ms: number): Promise<void> => void waits.push(ms);
      const hub = new Hub({ fetcher, address: server.hub.origin, token, wait });
      const target = { id: 'my-model', repo: 'some/model', revision: 'main', file: null, entry: null };
      const pull: Run['pull'] = async (changes, options) =>
        await pullModel(hub, { ...target, ...changes }, { folder, variant: null, conditions: ['canny'], ...options });
      return { server, waits, pull };
    },
    read: async (...path) => await readFile(join(folder, ...path)),
  };
}

export async function failure(work: Promise<unknown>): Promise<ArmatureError> {
  return await work.then(
    () => Promise.reject(new Error('Expected a failure but it went well')),
    (error: unknown) => (error instanceof ArmatureError ? error : Promise.reject(error)),
  );
}
