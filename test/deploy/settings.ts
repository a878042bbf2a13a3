import { expect } from 'vitest';
import { readConfig } from '../../src/config/config.ts';
import { armature } from '../cli/armature.ts';

export type Environment = Readonly<Record<string, string>>;

/**
 * Expects that `armature ...args` is a command which takes every flag of `args` and every setting of `environment`, and
 * that their values are valid.
 */
export async function expectCommandTakes(args: readonly string[], environment: Environment): Promise<void> {
  const [command = '', ...flags] = args;
  const { code, stdout } = await armature([command, '--help']);
  expect(code, `armature ${command} --help`).toBe(0);
  const help = stdout.replaceAll(/\s+/g, ' ');
  for (const flag of flags.filter((argument) => argument.startsWith('--'))) expect(help).toContain(` ${flag} `);
  // The S3 client reads those of its maker by itself.
  const ours = Object.keys(environment).filter((name) => !name.startsWith('AWS_'));
  for (const name of ours) expect(help).toContain(`env: ${name})`);
  expect(() => readConfig({}, environment)).not.toThrow();
}
