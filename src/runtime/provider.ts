import { readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { ArmatureError } from '../errors.ts';
import { OnnxEmitter } from '../graph/lowering/onnx-emitter.ts';
import { encode } from '../graph/onnx/encode.ts';
import { sessionOptions } from './session.ts';

export interface ProviderChoice {
  readonly provider: 'cpu' | 'cuda';
  /** Which provider was taken and why, in one sentence. */
  readonly reason: string;
}

/**
 * The device that networks will run on. `auto` takes CUDA where a first small network runs there and the CPU elsewhere;
 * `cuda` throws `invalid_config` where it does not.
 */
export async function chooseProvider(wanted: 'auto' | 'cpu' | 'cuda', deviceId = 0): Promise<ProviderChoice> {
  if (wanted === 'cpu') return { provider: 'cpu', reason: 'Running on the CPU, as configured.' };
  const obstacle = await cudaObstacle(deviceId);
  if (obstacle === null) {
    const why = wanted === 'cuda' ? 'as configured' : 'because a first network ran there';
    return { provider: 'cuda', reason: `Running on CUDA device ${deviceId}, ${why}.` };
  }
  if (wanted === 'auto')
    return { provider: 'cpu', reason: `Running on the CPU: CUDA cannot be used, because ${obstacle}.` };
  throw new ArmatureError(
    'invalid_config',
    `CUDA device ${deviceId} was asked for and cannot be used, because ${obstacle}. Install what is missing (docs/deployment.md), or choose cpu or auto.`,
  );
}

/** Why CUDA cannot be used, as the end of a sentence, or null. */
async function cudaObstacle(deviceId: number): Promise<string | null> {
  if (!(await providerIsInstalled())) return 'the CUDA provider of onnxruntime-node is not installed';
  const probe = new OnnxEmitter('probe');
  probe.output(probe.op('Neg', [probe.float([1], [1])]), { name: 'out', type: 'float32', dims: [1] });
  try {
    const options = sessionOptions({ everyStep: false, weightsFolder: '' }, { provider: 'cuda', deviceId, threads: 1 });
    const session = await InferenceSession.create(encode(probe.finish()), options);
    await session.run({});
    await session.release();
    return null;
  } catch (error) {
    return `it says: ${firstLine(error)}`;
  }
}

/** Whether the provider's library lies beside onnxruntime's own: an ordinary installation has none, which is no fault. */
async function providerIsInstalled(): Promise<boolean> {
  const entry = createRequire(import.meta.url).resolve('onnxruntime-node');
  const folder = join(dirname(dirname(entry)), 'bin', 'napi-v6', process.platform, process.arch);
  const found = await readdir(folder).catch(() => []);
  return found.some((name) => /providers_cuda\.(so|dll)$/.test(name));
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return (message.split('\n', 1)[0] ?? '').replace(/[.\s]+$/, '').slice(0, 200);
}
