import type { AnnotatorSource } from '../../../src/conditions/contract/condition.ts';

/** For kernels, which have to do without. */
export const noNetworks: AnnotatorSource = {
  annotator: (id) => Promise.reject(new Error(`A kernel asked for the network ${id}`)),
};
