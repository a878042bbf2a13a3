import { describe, expect, it } from 'vitest';

import { inpaintHint } from '../../../src/conditions/inpaint/hint.ts';

describe('inpaintHint', () => {
  const image = { width: 2, height: 1, data: Uint8Array.of(255, 0, 51, 102, 153, 204) };

  // diffusers, "ControlNet inpainting": image / 255, and image[mask > 0.5] = -1.
  it('is the picture as 0..1 and -1 where the mask is above a half, channel by channel', () => {
    const { dims, data } = inpaintHint(image, Uint8Array.of(127, 128));
    expect(dims).toEqual([1, 3, 1, 2]);
    expect([...data]).toEqual([1, -1, 0, -1, Math.fround(51 / 255), -1]);
  });

  it('refuses a mask of another size', () => {
    expect(() => inpaintHint(image, new Uint8Array(3))).toThrow('2x1 = 2 pixels but received 3');
  });
});
