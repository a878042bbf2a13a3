import { serializeError } from '../errors.ts';
import { chooseProvider } from '../runtime/provider.ts';
import { Device } from './device.ts';
import { ModelNetworks } from './model-networks.ts';
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
  else device?.cancel(message);
});

async function start(settings: DeviceSettings): Promise<void> {
  try {
    const chosen = await chooseProvider(settings.provider);
    device = new Device(settings, new ModelNetworks({ ...settings, provider: chosen.provider }), send);
    send({ type: 'ready', device: chosen });
  } catch (error) {
    send({ type: 'fatal', error: serializeError(error) });
    process.disconnect();
  }
}

function send(message: FromDevice): void {
  // A parent that is gone needs no answer: 'disconnect' ends this process.
  if (process.connected) process.send?.(message, undefined, undefined, () => {});
}
