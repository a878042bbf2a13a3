import type { Config } from '../config/config.ts';
import { embeddedTokenizer } from '../config/package-files.ts';
import type { DeviceSettings } from '../device/protocol.ts';

export function deviceSettings(config: Config): DeviceSettings {
  const { provider, deviceId, threads, memoryBudget, maxRows } = config;
  return { provider, deviceId, threads, memoryBudget, maxRows, tokenizerFolder: embeddedTokenizer };
}
