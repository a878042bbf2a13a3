import type { JobKind } from '../../job-kind.ts';
import { networksOf } from '../../needed-networks.ts';
import { storedForm } from '../../stored-json.ts';
import { type EffectiveExtraction, effectiveExtraction, extractionView } from './effective.ts';
import type { ExtractionPlan } from './plan.ts';

/** It draws nothing, but is not free: as much as four steps at 512 x 512. */
const extractionCost = 1_000_000;

/** A map from a picture: its only output. */
export const extractionKind: JobKind<ExtractionPlan, EffectiveExtraction> = {
  id: 'extraction',
  stored: storedForm('plan', { version: 1 }),
  setsPace: false,
  lane: 'pictures',
  effective: effectiveExtraction,
  cost: () => extractionCost,
  outputs: () => 1,
  outputSize: () => null,
  outputsAreMapsOf: ({ condition, options }) => ({ condition, options }),
  controls: () => [],
  sources: ({ image }) => [image],
  networks: ({ condition, options }, conditionOf) => networksOf(condition, options, 'options', conditionOf),
  showsPreviews: () => false,
  view: extractionView,
};
