import { expect, test } from 'vitest';
import { chooseProvider } from '../../src/runtime/index.ts';

test('the CPU when it is asked for', async () => {
  expect(await chooseProvider('cpu')).toEqual({ provider: 'cpu', reason: 'Running on the CPU, as configured.' });
});

test('auto takes what there is and says why; cuda is an error where it is not there', async () => {
  const choice = await chooseProvider('auto');
  const told = await chooseProvider('cuda').catch((error: unknown) => error);
  if (choice.provider === 'cuda') {
    expect(choice.reason).toBe('Running on CUDA device 0, because a first network ran there.');
    expect(told).toEqual({ provider: 'cuda', reason: 'Running on CUDA device 0, as configured.' });
  } else {
    expect(choice.reason).toMatch(/^Running on the CPU: CUDA cannot be used, because .+\.$/);
    // Of a machine without CUDA it is no news that its library cannot be loaded.
    expect(choice.reason).not.toMatch(/Failed to load|OrtSession/);
    expect(told).toMatchObject({
      code: 'invalid_config',
      message: expect.stringMatching(/^CUDA device 0 was asked for and cannot be used, because /),
    });
  }
});
