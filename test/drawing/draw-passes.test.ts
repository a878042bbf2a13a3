import { describe, expect, it } from 'vitest';
import type { StepsDone } from '../../src/device/protocol.ts';
import { type CheckpointPort, keptNowhere, type PictureState } from '../../src/drawing/checkpoint-port.ts';
import { drawPasses, type PassesParts, type PassesWork } from '../../src/drawing/draw-passes.ts';
import { shownNowhere } from '../../src/drawing/preview-port.ts';
import type { BaseModel } from '../../src/generation/models/base.ts';
import type { Progress } from '../../src/generation/job.ts';
import { planFor } from '../support/draw-request.ts';

const left = { image: { width: 1, height: 1, data: new Uint8Array(3) } };

/** What is said of the progress of four pictures of eight steps while the device says this. */
async function reported(done: readonly StepsDone[], kept: readonly PictureState[] = []): Promise<readonly Progress[]> {
  const base = { id: 'any', hash: 'any' } as BaseModel;
  const device: Pick<PassesParts['device'], 'draw'> = {
    draw: async ({ pictures }, { onProgress }) => {
      for (const one of done) onProgress?.(one);
      return await Promise.resolve({ pictures: pictures.map(() => left), warnings: [], batches: [1] });
    },
  };
  const state = { step: 0, pictures: kept, warnings: [], batches: [] };
  const checkpoints: CheckpointPort = { ...keptNowhere, load: async () => await Promise.resolve(state) };
  const work: PassesWork = {
    plan: planFor(base, { steps: 8, count: 4 }),
    passes: [{ base, controls: [], loras: [], autoencoder: { vae: null, taesd: null } }],
    preview: null,
    over: null,
    attempt: { job: 'job', attempt: 1 },
  };
  const progress: Progress[] = [];
  const parts = { device, checkpoints, previews: shownNowhere } as unknown as PassesParts;
  await drawPasses(parts, work, {
    signal: new AbortController().signal,
    onProgress: (one) => progress.push(one),
  });
  return progress;
}

describe('the progress of several pictures', () => {
  it('is the step that all have done, and the share of the cost of all, also where one waits while another is drawn', async () => {
    expect(
      await reported([
        { step: 0, mean: 4 },
        { step: 2, mean: 4.9 },
      ]),
    ).toEqual([
      { step: 0, steps: 8, share: 0.5 },
      { step: 2, steps: 8, share: 0.5 },
    ]);
  });

  it('counts those that an earlier attempt has drawn', async () => {
    const drawn = Array.from({ length: 3 }, () => ({ pass: 0, left }));
    expect(await reported([{ step: 4, mean: 4 }], drawn)).toEqual([{ step: 4, steps: 8, share: 0.875 }]);
  });
});
