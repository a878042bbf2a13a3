import { afterAll, beforeAll, expect, it } from 'vitest';
import { copyMixedFamilies, meanBatches, mixedFamilies, waysOf, worstDifference } from '../support/mixed-families.ts';
import type { JobView, Service } from '../support/service.ts';
import { SmallServices } from '../support/small-services.ts';

let small: SmallServices;
let service: Service;
beforeAll(async () => {
  small = await SmallServices.inNewFolder();
  copyMixedFamilies(small.models);
  service = await small.start();
});
afterAll(async () => await small.remove());

it('requests of two families with other LoRAs, controls, masks, samplers and prompts share steps, and draw what they draw alone', async () => {
  const requests = await mixedFamilies(40);
  const alone: JobView[] = [];
  for (const request of requests) alone.push(await service.draw(request));
  const together = await Promise.all(requests.map(async (request) => await service.draw(request)));
  expect(await worstDifference(service, alone, together)).toBeLessThanOrEqual(1);
  for (const [, mean] of meanBatches(requests, together)) expect(mean).toBeGreaterThanOrEqual(2.5);
  // Nothing is merged: no variant of a network is made.
  expect(waysOf(together)).toEqual(['branches']);
}, 600_000);
