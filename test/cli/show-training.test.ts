import { afterEach, expect, it, vi } from 'vitest';
import { showTraining } from '../../src/cli/train/show-training.ts';
import type { TrainingPlan } from '../../src/generation/kinds/training/plan.ts';
import type { SetReport } from '../../src/training/data/set-report.ts';

afterEach(() => vi.restoreAllMocks());

const none = { count: 0, first: [] };
const report: SetReport = {
  layout: 'dataset-toml',
  pairs: 1,
  epoch: 1,
  maps: { given: 0, missing: none, surplus: none },
  bad: none,
  captions: { found: 1, empty: 0, cut: 0, tokens: 77 },
  clutter: 0,
  unused: none,
  twice: 0,
  enlarged: 0,
  settings: { resolution: { width: 768, height: 512 }, batch: 4, flip: true },
  first: [{ picture: 'a.png', map: null, caption: 'a cat' }],
};

function shown(plan: object): readonly string[] {
  const lines: string[] = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void lines.push(line));
  const whole = { trained: { condition: null }, steps: 2, minutes: null, seed: 1, ...plan } as TrainingPlan;
  void showTraining().onEvent({ type: 'validated', report, plan: whole });
  return lines;
}

it('says what a set says of its training and is not followed, by the option that would', () => {
  expect(shown({ resolution: { width: 512, height: 512 }, batch: 1, flip: false })).toEqual([
    '1 pictures (dataset-toml), 1 with a caption; 2 steps at 512x512, seed 1',
    '  a.png: "a cat"',
    'warning: the set says --resolution 768x512, which is not followed',
    'warning: the set says --batch 4, which is not followed',
    'warning: the set says --flip, which is not followed',
  ]);
  expect(shown({ resolution: { width: 768, height: 512 }, batch: 4, flip: true })).toHaveLength(2);
});
