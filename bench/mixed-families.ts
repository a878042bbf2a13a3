/** Eight requests at once, of two families with LoRAs, controls and masks, against one after another; and four LoRAs on one base. Argument: rounds, 3 */
import {
  copyMixedFamilies,
  meanBatches,
  mixedFamilies,
  waysOf,
  worstDifference,
} from '../test/support/mixed-families.ts';
import type { JobView } from '../test/support/service.ts';
import { SmallServices } from '../test/support/small-services.ts';

async function timed<T>(work: () => Promise<T>): Promise<readonly [T, number]> {
  const startedAt = performance.now();
  const result = await work();
  return [result, (performance.now() - startedAt) / 1000];
}

const rounds = Number(process.argv[2] ?? 3);
const small = await SmallServices.inNewFolder();
try {
  copyMixedFamilies(small.models);
  const service = await small.start();
  const all = await mixedFamilies(40);
  const cases = {
    'two families, four combinations of LoRAs, controls, masks, samplers': all,
    'four LoRAs on one base model': all.slice(0, 4).map(({ model, prompt, seed, scheduler }, index) => ({
      model,
      prompt,
      seed,
      scheduler,
      width: 256,
      height: 256,
      steps: 20,
      loras: [{ model: index % 2 === 0 ? 'names-kohya' : 'lora-kohya', scale: 0.3 + 0.2 * index }],
    })),
  };
  for (const [name, requests] of Object.entries(cases)) {
    console.log(`\n${name}`);
    // Every network is loaded before anything is timed.
    await Promise.all(requests.map(async (request) => await service.draw({ ...request, steps: 4 })));
    for (let round = 0; round < rounds; round++) {
      const [alone, aloneSeconds] = await timed(async () => {
        const jobs: JobView[] = [];
        for (const request of requests) jobs.push(await service.draw(request));
        return jobs;
      });
      const [together, seconds] = await timed(
        async () => await Promise.all(requests.map(async (request) => await service.draw(request))),
      );
      const means = [...meanBatches(requests, together)].map(([base, mean]) => `${base} ${mean.toFixed(1)}`);
      console.log(
        `  one after another ${aloneSeconds.toFixed(1)} s, at once ${seconds.toFixed(1)} s, ratio ${(seconds / aloneSeconds).toFixed(2)}, mean batch ${means.join(', ')}, LoRAs by ${waysOf(together).join()}, worst difference ${await worstDifference(service, alone, together)}/255`,
      );
    }
  }
} finally {
  await small.remove();
}
