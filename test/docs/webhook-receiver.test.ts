import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { signedMessage } from '../../src/webhooks/message.ts';
import { freePort, root } from '../support/service.ts';

const text = readFileSync(new URL('docs/api.md', root), 'utf8');
const secret = `whsec_${Buffer.alloc(24, 1).toString('base64')}`;

test('the receiver in docs/api.md takes what is signed, once, and nothing else', async () => {
  const program = /```js\n(.*?new Webhook\(.*?)```/s.exec(text)![1]!;
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
    const event = { id: 'evt_1', type: 'generation.succeeded', createdAt: new Date() };
    const data = { id: 'gen_1', outputs: [{ url: 'https://example.com/0' }] };
    const message = signedMessage(event, data, secret, new Date());
    const send = async (body: string): Promise<number> => {
      for (;;) {
        const response = await fetch(`http://127.0.0.1:${port}`, {
          method: 'POST',
          headers: message.headers,
          body,
        }).catch(() => null);
        if (response !== null) return response.status;
        await delay(50);
      }
    };
    expect(await send(message.body)).toBe(204);
    expect(await send(message.body)).toBe(204);
    expect(await send(message.body.replace('gen_1', 'gen_2'))).toBe(401);
    await expect.poll(() => printed).toBe('generation.succeeded gen_1 https://example.com/0\n');
  } finally {
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  }
});
