import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { DeviceGate } from '../../src/worker/device-gate.ts';

/** Someone who stays inside until told to leave. */
function visitor(gate: DeviceGate, alone: boolean, signal = new AbortController().signal) {
  let isInside = false;
  let leave = (): void => {};
  const left = new Promise<void>((resolve) => (leave = resolve));
  const done = gate.run(alone, signal, async () => {
    isInside = true;
    await left;
    isInside = false;
  });
  done.catch(() => {});
  return { done, leave, inside: () => isInside };
}

describe('the gate of the device', () => {
  it('lets jobs in together', async () => {
    const gate = new DeviceGate();
    const visitors = [visitor(gate, false), visitor(gate, false)];
    await turn();
    expect(visitors.map(({ inside }) => inside())).toEqual([true, true]);
  });

  it('lets one in alone when all others have left, and them after it, in the order of their coming', async () => {
    const gate = new DeviceGate();
    const [first, suspect, other, later] = [
      visitor(gate, false),
      visitor(gate, true),
      visitor(gate, true),
      visitor(gate, false),
    ];
    const inside = () => [first, suspect, other, later].map((one) => one.inside());
    await turn();
    expect(inside()).toEqual([true, false, false, false]);
    first.leave();
    await turn();
    expect(inside()).toEqual([false, true, false, false]);
    suspect.leave();
    await turn();
    expect(inside()).toEqual([false, false, true, false]);
    other.leave();
    await turn();
    expect(inside()).toEqual([false, false, false, true]);
  });

  it('goes on after work that failed', async () => {
    const gate = new DeviceGate();
    const { signal } = new AbortController();
    const failing = gate.run(true, signal, async () => await Promise.reject(new Error('lost')));
    await expect(failing).rejects.toThrow('lost');
    expect(await gate.run(false, signal, async () => await Promise.resolve('in'))).toBe('in');
  });

  it('lets those go who give up waiting, and does not wait for them', async () => {
    const gate = new DeviceGate();
    const controller = new AbortController();
    const [first, suspect, later] = [
      visitor(gate, false),
      visitor(gate, true, controller.signal),
      visitor(gate, false),
    ];
    controller.abort(new Error('cancelled'));
    await expect(suspect.done).rejects.toThrow('cancelled');
    await turn();
    expect([first.inside(), later.inside()]).toEqual([true, true]);
    const late = gate.run(false, controller.signal, async () => await Promise.resolve());
    await expect(late).rejects.toThrow('cancelled');
  });
});
