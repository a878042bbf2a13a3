import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { sendCut } from './hub-server.ts';
import { controlNet, failure, newPulls, weights } from './pulls.ts';

const pulls = newPulls();

describe('a connection that is cut', () => {
  it('is opened again where it ended', async () => {
    let cuts = 0;
    const { pull, server, waits } = await pulls.open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (cuts === 3) return false;
        cuts += 1;
        sendCut(request, response, bytes, 20_000);
        return true;
      },
    });
    await pull();
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await pulls.read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    const ranges = server.elsewhere.requests.map(({ headers }) => headers.range);
    expect(ranges[0]).toBeUndefined();
    expect(ranges.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ''))).toBe(true);
    expect(server.elsewhere.requests).toHaveLength(4);
    // Each brought something: the waits do not grow.
    expect(waits).toEqual([1000, 1000, 1000]);
  });

  it('and stays cut ends the pull; the next one goes on with what has come', async () => {
    let broken = true;
    const { pull, server, waits } = await pulls.open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (!broken) return false;
        if (request.headers.range === undefined) sendCut(request, response, bytes, 30_000);
        else response.destroy();
        return true;
      },
    });
    expect((await failure(pull())).code).toBe('fetch_failed');
    expect(waits).toEqual([1000, 2000, 4000, 8000]);
    expect((await readdir(pulls.folder)).filter((name) => !name.startsWith('.'))).toEqual([]);
    const part = join(pulls.folder, '.my-model.partial', 'diffusion_pytorch_model.fp16.safetensors.part');
    const { size } = await stat(part);
    expect(size).toBeGreaterThan(0);
    broken = false;
    server.elsewhere.requests.length = 0;
    await pull();
    expect(server.elsewhere.requests.map(({ headers }) => headers.range)).toEqual([`bytes=${size}-`]);
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await pulls.read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
    expect(await readdir(join(pulls.folder, 'my-model'))).not.toContain(`${half}.part.json`);
  });

  it('starts anew where the server knows no ranges', async () => {
    let first = true;
    const { pull } = await pulls.open({
      files: controlNet,
      firstElsewhere: (request, response, bytes) => {
        if (first) sendCut(request, response, bytes, 20_000);
        else response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
        first = false;
        return true;
      },
    });
    await pull();
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    expect(await pulls.read('my-model', half)).toEqual(Buffer.from(controlNet[half]!));
  });

  it('starts anew where the file became another in between', async () => {
    const half = 'diffusion_pytorch_model.fp16.safetensors';
    const files: Record<string, Uint8Array> = { ...controlNet };
    let broken = true;
    const { pull, server } = await pulls.open({
      files,
      firstElsewhere: (request, response, bytes) => {
        if (!broken) return false;
        sendCut(request, response, bytes, request.headers.range === undefined ? 30_000 : 0);
        return true;
      },
    });
    await failure(pull());
    broken = false;
    files[half] = weights(100_000, 77);
    server.elsewhere.requests.length = 0;
    await pull();
    expect(server.elsewhere.requests.map(({ headers }) => headers.range)).toEqual([undefined]);
    expect(await pulls.read('my-model', half)).toEqual(Buffer.from(files[half]));
  });
});
