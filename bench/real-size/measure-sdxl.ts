import { buildUNet, injectionPoints } from '../../src/graph/compiler/index.ts';
import { createSession } from '../../src/runtime/index.ts';
import { openBaseCheckpoint } from '../../src/weights/checkpoint.ts';
import { noResiduals, random, report, seconds, type Settings } from './measure.ts';

/** The two halves of classifier-free guidance. */
const rows = 2;

/** Prints what compiling, loading and a step of SDXL's UNet take, and the peak of memory of a process that does nothing else. */
export async function measureSdxl({ folder, threads, runs, size }: Settings): Promise<void> {
  const { unet } = await openBaseCheckpoint(sdxlFolder(folder));
  const started = performance.now();
  const model = buildUNet(unet);
  const kilobytes = model.bytes.length / 1000;
  const compiled = performance.now() - started;
  const busy = process.cpuUsage();
  const session = await createSession(model, { provider: 'cpu', deviceId: 0, threads });
  const loaded = performance.now() - started - compiled;
  const { user, system } = process.cpuUsage(busy);
  console.log(
    `SDXL UNet: ${(model.parameters / 1e6).toFixed(0)} M weights, compiled in ${seconds(compiled)} (${kilobytes.toFixed(0)} kB), loaded in ${seconds(loaded)} (${seconds((user + system) / 1000)} of processor time)`,
  );
  const feeds = {
    sample: random([rows, 4, size / 8, size / 8]),
    timestep: { dims: [rows], data: Float32Array.of(801, 801) },
    encoder_hidden_states: random([rows, 77, unet.config.crossAttentionDim]),
    text_embeds: random([rows, unet.config.added?.pooledWidth ?? 0]),
    time_ids: {
      dims: [rows, 6],
      data: Float32Array.from({ length: 6 * rows }, (_, id) => (id % 6 === 2 || id % 6 === 3 ? 0 : size)),
    },
    ...noResiduals(injectionPoints(unet.config).length),
  };
  await report(`SDXL UNet, ${size}x${size}`, async () => Object.values(await session.run(feeds)), runs);
}

/** Where the random checkpoint of SDXL lies beside that of Stable Diffusion 1.5. */
export function sdxlFolder(folder: string): string {
  return `${folder}-sdxl`;
}
