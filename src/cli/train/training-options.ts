import { type Command, Option } from 'commander';
import { ArmatureError } from '../../errors.ts';
import { otherNames } from '../../generation/request/training-names.ts';
import { trainingRequest } from '../../generation/request/training.ts';
import { type CommandField, commandFields } from '../controls/command-fields.ts';

/** Gives a command the fields of a training, under their own names and under those of other trainers, which its help leaves out. */
export function addTrainingOptions(command: Command): void {
  for (const { option } of trainingFields()) command.addOption(option);
}

/** The request that options say, as commander names them. @throws ArmatureError `invalid_request` where one is given under two names */
export function trainingBody(options: object): Readonly<Record<string, unknown>> {
  const given: Readonly<Record<string, unknown>> = { ...options };
  const body: Record<string, unknown> = {};
  const flags = new Map<string, string>();
  for (const { path, option } of trainingFields()) {
    const [name, part] = path;
    const field = path.join('.');
    const value = given[option.attributeName()];
    if (value === undefined) continue;
    const flag = option.long ?? '';
    const before = flags.get(field);
    if (before !== undefined) {
      throw new ArmatureError('invalid_request', `Expected either ${before} or ${flag} but received both.`, { field });
    }
    flags.set(field, flag);
    body[name] = part === undefined ? value : { ...(body[name] as object | undefined), [part]: value };
  }
  return body;
}

function trainingFields(): readonly CommandField[] {
  const own = commandFields(trainingRequest);
  const others = Object.entries(otherNames).flatMap(([name, field]): readonly CommandField[] => {
    const meant = own.find(({ path }) => path[0] === field);
    return meant === undefined ? [] : [{ path: meant.path, option: calledOtherwise(meant.option, name) }];
  });
  return [...own, ...others];
}

function calledOtherwise({ flags, long, description, parseArg }: Option, name: string): Option {
  const option = new Option(flags.replace(long ?? '', `--${name}`), description).hideHelp();
  return parseArg === undefined ? option : option.argParser(parseArg);
}
