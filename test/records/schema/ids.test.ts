import { expect, it } from 'vitest';
import { newJobId, newUploadId } from '../../../src/records/schema/ids.ts';

it('ids carry their kind and a UUIDv7, and sort by their making', () => {
  const uuid7 = '[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}';
  expect(newJobId()).toMatch(new RegExp(`^gen_${uuid7}$`));
  expect(newUploadId()).toMatch(new RegExp(`^upl_${uuid7}$`));
  const ids = Array.from({ length: 2_000 }, newJobId);
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
