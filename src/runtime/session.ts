import { env, InferenceSession, Tensor as DeviceTensor } from 'onnxruntime-node';
import type { OnnxModel } from '../graph/compiler/index.ts';
import type { IntegerTensor, Tensor } from '../numeric/tensor.ts';
import { loadError, runError } from './errors.ts';

/** What goes wrong comes as an exception; onnxruntime would write it to the console as well. Read once, at the first session. */
env.logLevel = 'fatal';

export interface SessionSettings {
  readonly provider: 'cpu' | 'cuda';
  /** Number of the CUDA device; without meaning on a CPU. */
  readonly deviceId: number;
  /** Threads that one run may use. */
  readonly threads: number;
}

export type Feeds = Readonly<Record<string, Tensor | IntegerTensor>>;

/** What loading takes of a network. */
export type LoadedModel = Pick<OnnxModel, 'name' | 'bytes' | 'weightsFolder' | 'parameters' | 'everyStep'>;

/** A network that is ready to run. Owned by whoever created it, who releases it once. */
export interface NetworkSession {
  /** Runs the network; blocks the event loop while it does, unless a thread does it. Every input must be fed; every output comes back as float32. */
  run(feeds: Feeds): Promise<Readonly<Record<string, Tensor>>>;
  /** Estimate of the memory that the session's weights take. */
  readonly bytes: number;
  /** Whether it ended by itself and runs no more, as a thread may; absent of one that does not. */
  readonly hasEnded?: () => boolean;
  release(): Promise<void>;
}

/**
 * Loads a network. Its weights are read from where they lie; blocks the event loop for the time that takes. Throws
 * `model_invalid` where they cannot be read and `out_of_memory`.
 */
export async function createSession(model: LoadedModel, settings: SessionSettings): Promise<NetworkSession> {
  // All that the session keeps of it: its graph and bytes are not needed any more.
  const { name } = model;
  const session = await InferenceSession.create(model.bytes, sessionOptions(model, settings)).catch(
    (cause: unknown): never => {
      throw loadError(name, cause);
    },
  );
  return {
    bytes: weightBytes(model),
    run: async (feeds) => {
      const outputs = await session.run(deviceFeeds(feeds)).catch((cause: unknown): never => {
        throw runError(name, cause);
      });
      return hostTensors(outputs);
    },
    release: () => session.release(),
  };
}

/** Memory for the weights of a session: they are float32 once they are loaded, whatever their file holds. */
export function weightBytes(model: Pick<OnnxModel, 'parameters' | 'bytes'>): number {
  return 4 * model.parameters + model.bytes.length;
}

/**
 * How activations get their memory (docs/decisions/0003-split-controlnet-real-size.md). A network that runs at every step keeps
 * it in an arena. One that runs once a picture gets one planned block for each run and gives it back: an autoencoder would
 * hold a gigabyte or more between its pictures. Arena and plan together hold twice as much.
 */
export function sessionOptions(
  model: Pick<OnnxModel, 'everyStep' | 'weightsFolder'>,
  settings: SessionSettings,
): InferenceSession.SessionOptions {
  const { provider, deviceId, threads } = settings;
  return {
    executionProviders: provider === 'cuda' ? [{ name: 'cuda', deviceId }, 'cpu'] : ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    graphOptimizationLevel: 'all',
    enableMemPattern: !model.everyStep,
    enableCpuMemArena: model.everyStep,
    logSeverityLevel: 4,
    extra: { session: { model_external_initializers_file_folder_path: model.weightsFolder } },
  };
}

function deviceFeeds(feeds: Feeds): Record<string, DeviceTensor> {
  return Object.fromEntries(
    Object.entries(feeds).map(([name, { dims, data }]) => [
      name,
      data instanceof Int32Array ? new DeviceTensor('int32', data, dims) : new DeviceTensor('float32', data, dims),
    ]),
  );
}

function hostTensors(outputs: InferenceSession.ReturnType): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, { dims, data }]) => [name, { dims, data: data as Float32Array }]),
  );
}
