import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { signedMessage } from '../../src/webhooks/message.ts';
import { freePort } from '../support/free-port.ts';
import { root } from '../support/service.ts';

const text = readFileSync(new URL('docs/api.md', root), 'utf8');
const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

test('the receiver in docs/api.md takes what is signed, once, and nothing else', async () => {
  const programs = [...text.matchAll(/```js\n(.*?)```/gs)].map((block) => block[1]!);
  const program = programs.find((block) => block.includes('new Webhook('));
  const port = await freePort();
  const child = spawn(process.execPath, ['--input-type=module', '-'], {
    cwd: fileURLToPath(root),
    env: { PATH: process.env['PATH'], PORT: String(port), WEBHOOK_SECRET: secret },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let printed = '';
  child.stdout.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  child.stdin.end(program);
  try {
    const data = { id: 'bat_1', status: 'failed', url: 'https://example.com/v1/batches/bat_1' };
    const body = { type: 'batch.failed', timestamp: new Date().toISOString(), data };
    const message = signedMessage({ id: 'evt_1' }, { body }, secret, new Date());
    const send = async (sent: string): Promise<number> => {
      for (;;) {
        const response = await fetch(`http://127.0.0.1:${port}`, {
          method: 'POST',
          headers: message.headers,
          body: sent,
        }).catch(() => null);
        if (response !== null) return response.status;
        expect(child.exitCode).toBeNull();
        await delay(50);
      }
    };
    expect(await send(message.body)).toBe(204);
    expect(await send(message.body)).toBe(204);
    expect(await send(message.body.replace('bat_1', 'bat_2'))).toBe(401);
    await expect.poll(() => printed).toBe('batch.failed bat_1 failed https://example.com/v1/batches/bat_1\n');
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
