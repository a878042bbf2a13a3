import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InferenceSession, Tensor } from 'onnxruntime-node';
import { expect, test } from 'vitest';
import { buildControlNet, buildUNet, injectionPoints, type OnnxModel } from '../../src/graph/compiler/index.ts';
import { sessionOptions } from '../../src/runtime/session.ts';
import { openBaseCheckpoint, openControlNetCheckpoint } from '../../src/weights/checkpoint.ts';
import { temporaryFolder } from '../weights/temporary-folder.ts';

const pack = fileURLToPath(new URL('../../models/diorama', import.meta.url));
const folder = temporaryFolder();

/** One line of onnxruntime's profile for each node that ran. */
interface ProfileEvent {
  readonly cat: string;
  readonly name: string;
  readonly args: { readonly op_name: string };
}

/** Names of the convolutions of `model` as onnxruntime ran them: those in its blocked layout end in _nchwc. */
async function convolutions(model: OnnxModel, feeds: Record<string, Tensor>): Promise<readonly string[]> {
  const options = sessionOptions(model, { provider: 'cpu', deviceId: 0, threads: 1 });
  const prefix = model.name.replaceAll(' ', '-');
  const session = await InferenceSession.create(model.bytes, {
    ...options,
    enableProfiling: true,
    profileFilePrefix: join(folder, prefix),
  });
  await session.run(feeds);
  session.endProfiling();
  await session.release();
  const profile = readdirSync(folder).find((file) => file.startsWith(prefix)) ?? '';
  const events = JSON.parse(readFileSync(join(folder, profile), 'utf8')) as ProfileEvent[];
  const kernels = events.filter(
    ({ cat, name, args }) => cat === 'Node' && name.endsWith('_kernel_time') && args.op_name === 'Conv',
  );
  return kernels.map(({ name }) => name.replace(/_kernel_time$/, ''));
}

const tensor = (...dims: number[]): Tensor =>
  new Tensor('float32', new Float32Array(dims.reduce((product, size) => product * size, 1)), dims);
const given = { sample: tensor(2, 4, 8, 8), timestep: tensor(2), encoder_hidden_states: tensor(2, 77, 96) };

test.runIf(process.arch === 'x64')('every convolution of UNet and ControlNet runs in the blocked layout', async () => {
  const { unet } = await openBaseCheckpoint(pack);
  const { controlnet } = await openControlNetCheckpoint(join(pack, 'controlnet-canny'));
  const points = injectionPoints(unet.config).length;
  const none = Array.from({ length: points }, (_, index) => [`residual.${index}`, tensor(1, 1, 1, 1)] as const);
  const inUNet = await convolutions(buildUNet(unet), { ...given, ...Object.fromEntries(none) });
  expect(inUNet.length).toBeGreaterThan(40);
  expect(inUNet.filter((name) => !name.endsWith('_nchwc'))).toEqual([]);
  const control = { ...given, hint: tensor(2, 32, 8, 8), scale: tensor(2, points) };
  const inControlNet = await convolutions(buildControlNet(controlnet), control);
  expect(inControlNet.length).toBeGreaterThan(25);
  expect(inControlNet.filter((name) => !name.endsWith('_nchwc'))).toEqual([]);
});
