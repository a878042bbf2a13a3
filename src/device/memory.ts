import type { DeviceSettings } from './protocol.ts';

/** The memory budget is shared: three quarters for weights that stay loaded, a quarter for what a step works in. */
export function weightMemory({ memoryBudget }: Pick<DeviceSettings, 'memoryBudget'>): number {
  return memoryBudget - workingMemory({ memoryBudget });
}

export function workingMemory({ memoryBudget }: Pick<DeviceSettings, 'memoryBudget'>): number {
  return memoryBudget / 4;
}

/** Weights of fewer bytes are loaded within about a tenth of a second, which holds nobody up. */
export const usualThreadBytes = 2 ** 25;
