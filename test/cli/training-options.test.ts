import { readFileSync } from 'node:fs';
import { Command } from 'commander';
import { expect, test } from 'vitest';
import { check } from '../../src/generation/parse.ts';
import { trainingRequest } from '../../src/generation/request/training.ts';
import { addTrainingOptions, trainingBody } from '../../src/cli/train/training-options.ts';
import { otherNames } from '../../src/generation/request/training-names.ts';

function bodyOf(...args: readonly string[]): Readonly<Record<string, unknown>> {
  const command = new Command();
  addTrainingOptions(command);
  return trainingBody(command.parse(args, { from: 'user' }).opts());
}

test('a training is asked for under the names of other trainers as under our own', () => {
  const own = bodyOf('--rank', '8', '--alpha', '1', '--steps', '1600', '--learning-rate', '1e-4', '--flip');
  expect(own).toEqual({ rank: 8, alpha: 1, steps: 1600, learning_rate: 1e-4, flip: true });
  expect(
    bodyOf('--network_dim=8', '--network_alpha=1', '--max_train_steps=1600', '--lr', '1e-4', '--flip_aug'),
  ).toEqual(own);
});

test('a learning rate is a number, or is to be found', () => {
  expect(check(trainingRequest, { kind: 'lora', ...bodyOf('--steps', '1', '--learning-rate', '2e-5') })).toMatchObject({
    learning_rate: 2e-5,
  });
  expect(bodyOf('--learning-rate', 'auto')).toEqual({ learning_rate: 'auto' });
});

test('an option under two names is refused', () => {
  expect(() => bodyOf('--rank', '8', '--network_dim', '4')).toThrow(
    'Expected either --rank or --network_dim but received both.',
  );
});

test('names of other trainers stand in docs/training.md, each beside ours', () => {
  const docs = readFileSync(new URL('../../docs/training.md', import.meta.url), 'utf8');
  const rows = [...docs.matchAll(/^\| (`--\w+`(?:, `--\w+`)*) \| `--([a-z-]+)` \|$/gm)];
  const told = rows.flatMap(([, names = '', ours = '']) =>
    names.split(', ').map((name) => [name.slice(3, -1), ours.replaceAll('-', '_')]),
  );
  expect(Object.fromEntries(told)).toEqual(otherNames);
});
