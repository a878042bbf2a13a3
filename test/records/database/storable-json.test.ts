import { expect, test } from 'vitest';
import { storableJson } from '../../../src/records/database/storable-json.ts';

test('what no database keeps is U+FFFD, and everything else is as it was', () => {
  const kept = { 'a name': ['é 😀', 'C:\\u0000', '\\ud800', 'a "quote"', '\u0001\n', 3, null], '\ufffd': '\ufffd' };
  expect(JSON.parse(storableJson(kept))).toEqual(kept);
  const found = { 'a\0': 'b\0\\\0', half: ['\ud83d', 'x\ude00y', '\\\ud800'], whole: '😀' };
  expect(JSON.parse(storableJson(found))).toEqual({
    'a\ufffd': 'b\ufffd\\\ufffd',
    half: ['\ufffd', 'x\ufffdy', '\\\ufffd'],
    whole: '😀',
  });
});
