import { describe, expect, test } from 'vitest';
import { findCondition } from '../../src/conditions/registry.ts';
import { extractionKind } from '../../src/generation/kinds/extraction/kind.ts';
import { resolveExtraction } from '../../src/generation/kinds/extraction/resolve.ts';
import { parseExtraction } from '../../src/generation/parse.ts';
import { conditionOf, image, picture, refusal, stored } from './resolved-requests.ts';

describe('an extraction', () => {
  test('gets every option of its condition', () => {
    const request = parseExtraction({ image, options: { low_threshold: 10 } });
    const { plan } = resolveExtraction('canny', request, findCondition, picture);
    expect(plan).toMatchObject({ kind: 'extraction', condition: 'canny', image: stored });
    expect(plan.options).toMatchObject({ low_threshold: 10, high_threshold: 200 });
    expect(plan).toMatchObject({ resolution: null, strict: false });
    expect(extractionKind.cost(plan)).toBe(1_000_000);
  });

  test('at a resolution that makes too large a picture is refused', () => {
    const long = { ...picture, width: 4000, height: 10 };
    const request = parseExtraction({ image, resolution: 512, strict: true });
    expect(resolveExtraction('canny', request, findCondition, picture).plan).toMatchObject({
      resolution: 512,
      strict: true,
    });
    const error = refusal(() => resolveExtraction('canny', request, findCondition, long));
    expect([error.code, error.field]).toEqual(['invalid_request', 'resolution']);
  });

  test('is refused where there is no extractor', () => {
    const run = (): unknown => resolveExtraction('sketch', parseExtraction({ image }), conditionOf, picture);
    expect(refusal(run).code).toBe('not_supported_yet');
  });
});
