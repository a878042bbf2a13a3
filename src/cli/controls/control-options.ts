import { type Command, InvalidArgumentError, Option } from 'commander';
import { imagePrompt } from '../../conditions/image-prompt.ts';
import { conditionRows, maskedConditions } from '../../conditions/registry.ts';
import { structures } from '../../conditions/structures.ts';
import { controlRequest } from '../../generation/request/controls.ts';
import { commandFields, numberOrText } from './command-fields.ts';

/** A control as the command line says it: a file, and the fields of the request that were set for it, {"file": ...} for a picture. */
export interface ControlArgument {
  readonly type: string;
  readonly file: string;
  /** What kind of JSON the file is; null for a picture. */
  readonly structure: string | null;
  /** File of a mask beside the picture; null where there is none. */
  readonly mask: string | null;
  /** Files of further pictures of an image prompt. */
  readonly more: readonly string[];
  readonly fields: Readonly<Record<string, unknown>>;
  /** Options of the extractor. */
  readonly options: Readonly<Record<string, unknown>>;
}

/** Controls in the order in which they stand on the command line. */
export interface ControlArguments {
  readonly list: readonly ControlArgument[];
  /** Puts one more behind those that were named so far. */
  add(type: string, file: string): void;
}

/**
 * Gives a command one option for each condition, and those that act on the control which stands before them. The list
 * fills as the command line is parsed.
 */
export function addControls(command: Command): ControlArguments {
  const list: ControlArgument[] = [];
  for (const { id, title } of conditionRows) {
    const option = new Option(`--${id} <file>`, `${title}: a picture that fixes the structure (repeatable)`);
    command.addOption(option.argParser((file: string) => void list.push(controlOf(id, file, null))));
  }
  for (const { kind, condition } of structures) {
    const option = new Option(`--${kind} <file>`, `${condition} from data: a JSON file with a ${kind} (repeatable)`);
    command.addOption(option.argParser((file: string) => void list.push(controlOf(condition, file, kind))));
  }
  const prompts = `${imagePrompt.title}: a picture that says beside the prompt what is drawn, to an IP-Adapter (repeatable)`;
  command.addOption(
    new Option('--image-prompt <file>', prompts).argParser(
      (file: string) => void list.push(controlOf(imagePrompt.id, file, null)),
    ),
  );
  const last = (flag: string, change: (control: ControlArgument) => ControlArgument): void => {
    const control = list.pop();
    if (control === undefined) throw new InvalidArgumentError(`${flag} acts on the control before it: name one first.`);
    list.push(change(control));
  };
  for (const { path, option } of commandFields(controlRequest)) {
    const [name] = path;
    const read = option.parseArg ?? ((text: string): unknown => text);
    const flag = option.flags.replace(' <file>', '');
    const set = (text: string): void =>
      last(flag, (control) => ({ ...control, fields: { ...control.fields, [name]: read(text, undefined) } }));
    option.description = `of the control before it: ${option.description}`;
    command.addOption(option.argParser(set));
  }
  command.addOption(
    new Option('--extract <name=value>', 'of the control before it: an option of its extractor (repeatable)').argParser(
      (text: string) =>
        last('--extract', (control) => ({ ...control, options: { ...control.options, ...namedValue(text) } })),
    ),
  );
  for (const id of maskedConditions) {
    const flag = `--${id}-mask`;
    const description = `of the ${id} control before it: a picture of the same size, white where that one is to be drawn anew`;
    command.addOption(
      new Option(`${flag} <file>`, description).argParser((file: string) =>
        last(flag, (control) => ({ ...control, mask: file })),
      ),
    );
  }
  command.addOption(
    new Option('--and-picture <file>', 'of the image prompt before it: one more picture (repeatable)').argParser(
      (file: string) => last('--and-picture', (control) => ({ ...control, more: [...control.more, file] })),
    ),
  );
  command.option('--map', 'of the control before it: the picture already is a map');
  command.on('option:map', () =>
    last('--map', (control) => ({ ...control, fields: { ...control.fields, preprocess: false } })),
  );
  return { list, add: (type, file) => void list.push(controlOf(type, file, null)) };
}

function controlOf(type: string, file: string, structure: string | null): ControlArgument {
  return { type, file, structure, mask: null, more: [], fields: {}, options: {} };
}

/** `low_threshold=50` as `{low_threshold: 50}`. */
export function namedValue(text: string): Readonly<Record<string, unknown>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Expected NAME=VALUE, such as low_threshold=50.');
  return { [text.slice(0, equals)]: plainValue(text.slice(equals + 1)) };
}

function plainValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return numberOrText(text);
}
