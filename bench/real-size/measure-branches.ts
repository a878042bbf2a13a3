import { branchFeeds, joinAdapters } from '../../src/device/branch-feeds.ts';
import { branchSetOf, branchShapes, compile, injectionPoints, networks } from '../../src/graph/compiler/index.ts';
import { createSession, type Feeds, type NetworkSession } from '../../src/runtime/index.ts';
import { type BaseCheckpoint, openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { openLoraFile } from '../../src/weights/lora/lora-file.ts';
import { loraTargets } from '../../src/weights/lora/lora-targets.ts';
import { type LayerFactors, readLowRankFactors } from '../../src/weights/lora/low-rank-factors.ts';
import { matchLora } from '../../src/weights/lora/match-lora.ts';
import { loraPath, oneRank, threeRanks } from './make-loras.ts';
import { noResiduals, random, type Settings, seconds } from './measure.ts';

/** 256x256 pixels, the two halves of classifier-free guidance. */
const rows = 2;
const latent = 32;

/**
 * Prints the processor time of a step with LoRAs beside the layers against one of the UNet without branches, in turns in one process, and the
 * time that LoRAs take which were not seen before.
 */
export async function measureBranches({ folder, threads, runs }: Settings): Promise<void> {
  const checkpoint = await openBaseCheckpoint(folder);
  const start = async (branches?: 'transformers'): Promise<NetworkSession> =>
    await createSession(compile(networks.unet(checkpoint.unet, { branches })), {
      provider: 'cpu',
      deviceId: 0,
      threads,
    });
  const [plain, beside] = [await start(), await start('transformers')];
  const shapes = branchShapes(networks.unet(checkpoint.unet, { branches: 'transformers' }));
  const input: Feeds = {
    sample: random([rows, 4, latent, latent]),
    timestep: { dims: [rows], data: Float32Array.of(801, 801) },
    encoder_hidden_states: random([rows, 77, 768]),
    ...noResiduals(injectionPoints(checkpoint.unet.config).length),
  };
  const steps: [label: string, run: () => Promise<unknown>, times: number[]][] = [
    ['no LoRA', async () => await plain.run(input), []],
  ];
  for (const ranks of [oneRank, threeRanks]) {
    const [before, busy] = [performance.now(), process.cpuUsage()];
    const adapters: LayerFactors[] = [];
    for (const rank of ranks) adapters.push(await factorsOf(folder, rank, checkpoint));
    const scales = Array.from({ length: rows }, () => ranks.map(() => 0.01));
    const feeds = branchFeeds(shapes, joinAdapters(adapters), scales);
    const label = `rank ${ranks.join(', ')}`;
    const { user, system } = process.cpuUsage(busy);
    console.log(
      `${label}: read, joined and ready to be fed in ${seconds(performance.now() - before)} (${seconds((user + system) / 1000)} of processor time)`,
    );
    steps.push([label, async () => await beside.run({ ...input, ...feeds }), []]);
  }
  for (let turn = 0; turn <= runs; turn++) {
    for (const [, run, times] of steps) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      if (turn > 0) times.push((user + system) / 1000);
    }
  }
  const [without = 0] = steps.map(([, , times]) => Math.min(...times));
  for (const [label, , times] of steps) {
    const best = Math.min(...times);
    console.log(`a step with ${label}: at least ${seconds(best)} of processor time, ${(best / without).toFixed(3)}`);
  }
}

async function factorsOf(folder: string, rank: number, checkpoint: BaseCheckpoint): Promise<LayerFactors> {
  const targets = loraTargets(checkpoint);
  const lora = await openLoraFile(loraPath(folder, rank));
  const { deltas } = await matchLora(lora, targets, 'the checkpoint');
  const set = branchSetOf([...deltas.unet.keys()].map((weight) => weight.replace(/\.weight$/, '')));
  if (set !== 'transformers') throw new RangeError(`Expected LoRAs of the transformers but they change ${set}`);
  return await readLowRankFactors(lora.file.folder, deltas.unet, targets.unet ?? new Map());
}
