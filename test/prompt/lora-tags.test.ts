import { describe, expect, test } from 'vitest';
import { takeLoraTags } from '../../src/prompt/lora-tags.ts';
import { secondsOf } from '../support/processor-time.ts';

describe('LoRAs in a prompt', () => {
  test.each([
    ['<lora:ink>', 'ink', 1, 1],
    ['<lora:ink:0.8>', 'ink', 0.8, 0.8],
    ['<lora:ink:0.8:0.5>', 'ink', 0.8, 0.5],
    ['<LORA:ink:-1>', 'ink', -1, -1],
    ['<lora: My ink v1.2 (final) :1>', 'My ink v1.2 (final)', 1, 1],
    ['<lora:ink:te=0.2:unet=0.7>', 'ink', 0.2, 0.7],
    ['<lora:ink:unet=0.7>', 'ink', 1, 0.7],
    ['<lora:ink:0.3:unet=0.7>', 'ink', 0.3, 0.7],
  ])('%s', (written, name, textEncoderScale, scale) => {
    expect(takeLoraTags(`a ${written}b`)).toEqual({
      text: 'a b',
      tags: [{ written, name, textEncoderScale, scale }],
      unreadable: [],
    });
  });

  test.each(['<lora:>', '<lora:ink:much>', '<lora:ink:1:2:3>', '<lora:ink:dyn=4>', '<lora:ink:1:te=1>'])(
    'cannot be read: %s',
    (written) => {
      expect(takeLoraTags(written)).toEqual({ text: '', tags: [], unreadable: [written] });
    },
  );

  test.each(['<lora:', '<lora:a', '<lora:a:', '<lora:a>', '<'])('are found in linear time: %j', (unit) => {
    expect(secondsOf(() => takeLoraTags(unit.repeat(200_000 / unit.length)))).toBeLessThan(1);
  });
});
