import { describe, expect, test } from 'vitest';
import { readPreferences } from '../../../src/server/http/preferences.ts';

describe('Prefer and Accept', () => {
  test.each([
    [undefined, undefined, { wait: 0, answer: 'json', format: null }],
    ['wait=5', undefined, { wait: 5, answer: 'json', format: null }],
    ['respond-async, wait=5', '*/*', { wait: 5, answer: 'json', format: null }],
    ['wait=1000', 'application/json', { wait: 60, answer: 'json', format: null }],
    ['await=5', undefined, { wait: 0, answer: 'json', format: null }],
    ['wait=5', 'image/png', { wait: 5, answer: 'picture', format: 'png' }],
    ['wait=5', 'image/webp;q=0.9, image/jpeg', { wait: 5, answer: 'picture', format: 'jpeg' }],
    ['wait=5', 'image/*', { wait: 5, answer: 'picture', format: null }],
    ['wait=5', 'application/json, image/png', { wait: 5, answer: 'json', format: null }],
    ['wait=5', 'text/html, image/avif, image/webp, */*;q=0.8', { wait: 5, answer: 'picture', format: 'webp' }],
    [undefined, 'image/png, application/json;q=0.5', { wait: 0, answer: 'json', format: null }],
  ])('%s and %s', (prefer, accept, expected) => {
    expect(readPreferences(prefer, accept, 60)).toEqual(expected);
  });

  test.each([
    ['wait=5', 'text/html'],
    ['wait=5', 'image/avif'],
    ['wait=5', 'image/png;q=0'],
    [undefined, 'image/png'],
    ['wait=0', 'image/*'],
  ])('%s and %s cannot both be met', (prefer, accept) => {
    expect(() => readPreferences(prefer, accept, 60)).toThrow(expect.objectContaining({ code: 'not_acceptable' }));
  });
});
