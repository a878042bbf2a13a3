import { describe, expect, it } from 'vitest';
import { inBackground } from '../../../src/records/database/background.ts';
import { gather } from '../../../src/records/database/gather.ts';
import { SessionGate } from '../../../src/records/database/session-gate.ts';

/** Takes a turn, and then asks for others in the order of these names; those of the background begin with b. */
async function orderOf(names: readonly string[]): Promise<readonly string[]> {
  const gate = new SessionGate();
  const leave = await gate.enter();
  const order: string[] = [];
  const asked = names.map((name) => {
    const run = async (): Promise<void> => await gate.run(async () => void order.push(name));
    return name.startsWith('b') ? inBackground(run) : run();
  });
  leave();
  await Promise.all(asked);
  return order;
}

describe('turns at one session', () => {
  it('come in the order of asking', async () => {
    expect(await orderOf(['1', '2', '3'])).toEqual(['1', '2', '3']);
  });

  it('of the background come behind those of requests', async () => {
    expect(await orderOf(['b1', '1', 'b2', '2'])).toEqual(['1', '2', 'b1', 'b2']);
  });

  it('of the background come after twenty others, however many more wait', async () => {
    const many = Array.from({ length: 50 }, (_, index) => String(index));
    const order = await orderOf(['b1', ...many, 'b2']);
    expect(order.indexOf('b1')).toBe(20);
    expect(order.indexOf('b2')).toBe(41);
  });

  it('are given on by whoever fails', async () => {
    const gate = new SessionGate();
    await expect(gate.run(async () => await Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await gate.run(async () => 'next')).toBe('next');
  });

  it('are those of requests where the background began what requests joined', async () => {
    const gate = new SessionGate();
    const leave = await gate.enter();
    const order: string[] = [];
    const turn = async (name: string): Promise<void> => await gate.run(async () => void order.push(name));
    const find = gather(async (names: readonly string[]) => {
      await turn(names.join());
      return names;
    });
    const asked = [
      inBackground(async () => await turn('sweep')),
      inBackground(async () => await find('one')),
      find('two'),
    ];
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    leave();
    await Promise.all(asked);
    expect(order).toEqual(['one,two', 'sweep']);
  });
});
