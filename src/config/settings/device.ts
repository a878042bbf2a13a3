import { availableParallelism } from 'node:os';
import { delimiter } from 'node:path';
import { usableMemory } from './memory.ts';
import { setting } from './setting.ts';
import { byteSize, integer, many, one, oneOf, path, text } from './values.ts';

const providers = ['auto', 'cpu', 'cuda'] as const;
export type Provider = (typeof providers)[number];

/** What pictures are drawn with. */
export const device = {
  /** Further folders with models, absolute, in the order given. */
  models: setting({
    flag: 'models',
    argument: 'dir',
    description: 'further folder with models (repeatable)',
    separator: delimiter,
    takenFor: ['requests', 'worker', 'library', 'pictures'],
    parse: many(path),
    fallback: () => [],
  }),
  /** Id of the base model that a request gets which names none. */
  model: setting({
    flag: 'model',
    argument: 'id',
    description: 'base model of requests that name none',
    takenFor: ['requests', 'pictures'],
    parse: one(text),
    fallback: () => 'diorama',
  }),
  provider: setting({
    flag: 'provider',
    argument: 'name',
    description: 'execution provider: cpu, cuda, or auto, which tries cuda first',
    takenFor: ['jobs', 'pictures', 'networks'],
    parse: one((value) => oneOf(value, providers)),
    fallback: () => 'auto',
  }),
  deviceId: setting({
    flag: 'device-id',
    argument: 'number',
    description: 'which GPU',
    takenFor: ['jobs', 'pictures', 'networks'],
    parse: one((value) => integer(value, 0, 255)),
    fallback: () => 0,
  }),
  threads: setting({
    flag: 'threads',
    argument: 'number',
    description: 'threads of the CPU provider',
    takenFor: ['jobs', 'pictures', 'networks'],
    parse: one((value) => integer(value, 1, 1024)),
    fallback: () => availableParallelism(),
    fallbackText: 'one a core',
  }),
  /** Bytes. */
  memoryBudget: setting({
    flag: 'memory-budget',
    argument: 'size',
    description: 'memory for weights and activations, such as 6GB',
    takenFor: ['jobs', 'pictures', 'networks'],
    parse: one(byteSize),
    fallback: () => Math.floor(usableMemory() / 2),
    fallbackText: "half of the machine, or of the container's limit",
  }),
  maxRows: setting({
    flag: 'max-rows',
    argument: 'number',
    description: 'most rows in one batched step; guidance doubles the rows of a picture',
    takenFor: ['jobs', 'pictures'],
    parse: one((value) => integer(value, 2, 1024)),
    fallback: () => 16,
  }),
};
