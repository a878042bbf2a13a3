import { serializeError } from '../errors.ts';
import { chooseProvider, SessionPool } from '../runtime/index.ts';
import { Device } from './device.ts';
import { usualThreadBytes, weightMemory } from './memory.ts';
import { ModelNetworks } from './model-networks.ts';
import { modelsOf } from './network-variant.ts';
import { Pieces } from './pieces.ts';
import type { DeviceSettings, FromDevice, ToDevice } from './protocol.ts';

/** Entry of the device process. It speaks the protocol of ./protocol.ts with its parent and ends when the parent does. */
let device: Device | null = null;

process.on('disconnect', () => process.exit(0));
// The parent decides when to stop: Ctrl-C in a terminal reaches the whole process group.
process.on('SIGINT', () => {});
process.on('SIGTERM', () => {});

process.on('message', (message: ToDevice) => {
  if (message.type === 'start') void start(message.settings);
  else if (message.type === 'admit') device?.admit(message);
  else if (message.type === 'enlarge') device?.enlarge(message);
  else if (message.type === 'watch') device?.watch(message, message.watched);
  else device?.cancel(message);
});

async function start(settings: DeviceSettings): Promise<void> {
  try {
    const { deviceId, threads } = settings;
    const chosen = await chooseProvider(settings.provider, deviceId);
    const pieces = new Pieces();
    const pool = new SessionPool({ provider: chosen.provider, deviceId, threads }, weightMemory(settings), {
      fromBytes: settings.threadFromBytes ?? usualThreadBytes,
      aside: pieces.aside,
      onChange: (keys) => sayLoaded(modelsOf(keys)),
    });
    device = new Device(settings, new ModelNetworks(pool, settings.tokenizerFolder), send, pieces);
    send({ type: 'ready', device: chosen });
  } catch (error) {
    send({ type: 'fatal', error: serializeError(error) });
    process.disconnect();
  }
}

let said = '';

function sayLoaded(models: readonly string[]): void {
  const text = models.join(' ');
  if (text === said) return;
  said = text;
  send({ type: 'loaded', models });
}

function send(message: FromDevice): void {
  // A parent that is gone needs no answer: 'disconnect' ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
