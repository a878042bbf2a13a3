import { describe, expect, it } from 'vitest';
import { sourceFiles } from './source-files.ts';

/** Lists that are in the order of a request's controls, LoRAs or learned words. */
const lists = ['controls', 'maps', 'regions', 'hints', 'loras', 'embeddings'];

/** Something taken out of such a list by a place that is not written there. */
const join = new RegExp(
  String.raw`\b(?:${lists.join('|')})(?:\([^()]*\)|!|\s*\?\? \[\]\))?(?:\?\.)?\[(?=[a-z])[^\]]*\]`,
  'g',
);

/** Constructors, where the lists of a stored job meet, and lists of other things. */
const known = [
  // The maps of a result, which is stored with them in the order of the plan's controls.
  'generation/kinds/job-controls.ts: maps[index]',
  // What to do, by the status of an answer.
  'cli/client/server-client.ts: hints[response.status]',
];

function joins(text: string): readonly string[] {
  return [...text.matchAll(join)].map(([found]) => found);
}

describe('what a request has several of', () => {
  it('travels whole: no two lists of it are joined by a place', () => {
    const found = sourceFiles().flatMap(({ path, code }) => joins(code).map((one) => `${path}: ${one}`));
    expect(found.toSorted()).toEqual(known.toSorted());
  });

  it.each([
    'result?.maps[index]',
    'kindOf(plan).controls(plan)[index]',
    'plan.controls[i]!',
    'plan.loras?.[place]?.passes',
    '(plan.embeddings ?? [])[place]',
    'hints[control.index]',
    'const region = regions[at];',
  ])('would be found: %s', (text) => {
    expect(joins(text)).toHaveLength(1);
  });
});
