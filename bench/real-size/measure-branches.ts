import { branchFeeds, joinAdapters } from '../../src/device/branch-feeds.ts';
import { branchSetOf, branchShapes, compile, injectionPoints, networks } from '../../src/graph/compiler/index.ts';
import { createSession, type Feeds, type NetworkSession } from '../../src/runtime/index.ts';
import { type BaseCheckpoint, openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { openLoraFile } from '../../src/weights/lora/lora-file.ts';
import { loraTargets } from '../../src/weights/lora/lora-targets.ts';
import { type LayerFactors, readLowRankFactors } from '../../src/weights/lora/low-rank-factors.ts';
import { matchLora } from '../../src/weights/lora/match-lora.ts';
import { type AppliedDeltas, mergedPart } from '../../src/weights/lora/merged-part.ts';
import { loraPath, oneRank, threeRanks } from './make-loras.ts';
import { noResiduals, random, type Settings, seconds } from './measure.ts';

/** 256x256 pixels, the two halves of classifier-free guidance. */
const rows = 2;
const latent = 32;

/**
 * Prints the processor time of a step with LoRAs beside the layers, and merged into the weights, against one of the UNet without any, in turns in one
 * process; and what LoRAs take which were not seen before, until their first step is done. At most two UNets are loaded at a time.
 */
export async function measureBranches({ folder, threads, runs }: Settings): Promise<void> {
  const checkpoint = await openBaseCheckpoint(folder);
  const load = async (part: BaseCheckpoint['unet'], branches?: 'transformers'): Promise<NetworkSession> =>
    await createSession(compile(networks.unet(part, { branches })), { provider: 'cpu', deviceId: 0, threads });
  const input: Feeds = {
    sample: random([rows, 4, latent, latent]),
    timestep: { dims: [rows], data: Float32Array.of(801, 801) },
    encoder_hidden_states: random([rows, 77, 768]),
    ...noResiduals(injectionPoints(checkpoint.unet.config).length),
  };
  const plain = await load(checkpoint.unet);
  await plain.run(input);
  const without: Step = { label: 'without LoRAs', run: async () => await plain.run(input) };

  const beside = await load(checkpoint.unet, 'transformers');
  const shapes = branchShapes(networks.unet(checkpoint.unet, { branches: 'transformers' }));
  const branched: Step[] = [];
  for (const ranks of [oneRank, threeRanks]) {
    const label = `by branches, rank ${ranks.join(', ')}`;
    const feeds = await untilFirst(label, async () => {
      const adapters: LayerFactors[] = [];
      for (const rank of ranks) adapters.push(await factorsOf(folder, rank, checkpoint));
      const scales = Array.from({ length: rows }, () => ranks.map(() => 0.01));
      const made = { ...input, ...branchFeeds(shapes, joinAdapters(adapters), scales) };
      await beside.run(made);
      return made;
    });
    branched.push({ label, run: async () => await beside.run(feeds) });
  }
  await compare(without, branched, runs);
  await beside.release();

  for (const ranks of [oneRank, threeRanks]) {
    const label = `merged, rank ${ranks.join(', ')}`;
    const merged = await untilFirst(label, async () => {
      const session = await load(await mergedUNet(folder, ranks, checkpoint));
      await session.run(input);
      return session;
    });
    await compare(without, [{ label, run: async () => await merged.run(input) }], runs);
    await merged.release();
  }
}

interface Step {
  readonly label: string;
  readonly run: () => Promise<unknown>;
}

/** A combination of LoRAs that was not seen before, until its first step is done. */
async function untilFirst<Result>(label: string, work: () => Promise<Result>): Promise<Result> {
  const [before, busy] = [performance.now(), process.cpuUsage()];
  const result = await work();
  const { user, system } = process.cpuUsage(busy);
  console.log(
    `${label}: its first step is done after ${seconds(performance.now() - before)} (${seconds((user + system) / 1000)} of processor time)`,
  );
  return result;
}

/** In turns, so that what else the machine does meets all alike. */
async function compare(without: Step, others: readonly Step[], runs: number): Promise<void> {
  const steps = [without, ...others].map((step) => ({ ...step, times: [] as number[] }));
  for (let turn = 0; turn < runs; turn++) {
    for (const { run, times } of steps) {
      const before = process.cpuUsage();
      await run();
      const { user, system } = process.cpuUsage(before);
      times.push((user + system) / 1000);
    }
  }
  const [usual = 0] = steps.map(({ times }) => Math.min(...times));
  for (const { label, times } of steps) {
    const best = Math.min(...times);
    console.log(`a step ${label}: at least ${seconds(best)} of processor time, ${(best / usual).toFixed(3)} x`);
  }
}

async function mergedUNet(
  folder: string,
  ranks: readonly number[],
  checkpoint: BaseCheckpoint,
): Promise<BaseCheckpoint['unet']> {
  const applied: AppliedDeltas[] = [];
  for (const rank of ranks) {
    const lora = await openLoraFile(loraPath(folder, rank));
    const { deltas } = await matchLora(lora, loraTargets(checkpoint), 'the checkpoint');
    applied.push({ folder: lora.file.folder, deltas: deltas.unet, scale: 0.01 });
  }
  return mergedPart(checkpoint.unet, applied);
}

async function factorsOf(folder: string, rank: number, checkpoint: BaseCheckpoint): Promise<LayerFactors> {
  const targets = loraTargets(checkpoint);
  const lora = await openLoraFile(loraPath(folder, rank));
  const { deltas } = await matchLora(lora, targets, 'the checkpoint');
  const set = branchSetOf([...deltas.unet.keys()].map((weight) => weight.replace(/\.weight$/, '')));
  if (set !== 'transformers') throw new RangeError(`Expected LoRAs of the transformers but they change ${set}`);
  return await readLowRankFactors(lora.file.folder, deltas.unet, targets.unet ?? new Map());
}
