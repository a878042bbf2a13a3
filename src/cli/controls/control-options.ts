import { type Command, InvalidArgumentError, Option } from 'commander';
import { conditionRows, maskedConditions } from '../../conditions/registry.ts';
import { structures } from '../../conditions/structures.ts';
import { controlModes } from '../../generation/plan.ts';
import { resizeModes } from '../../pixels/resize-mode.ts';

/** A control as the command line says it: a file, and the fields of the request that were set for it, {"file": ...} for a picture. */
export interface ControlArgument {
  readonly type: string;
  readonly file: string;
  /** What kind of JSON the file is; null for a picture. */
  readonly structure: string | null;
  /** File of a mask beside the picture; null where there is none. */
  readonly mask: string | null;
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
  const last = (flag: string, change: (control: ControlArgument) => ControlArgument): void => {
    const control = list.pop();
    if (control === undefined) throw new InvalidArgumentError(`${flag} acts on the control before it: name one first.`);
    list.push(change(control));
  };
  const field = (flag: string, name: string, description: string, read: (text: string) => unknown = numberOrText) =>
    command.addOption(
      new Option(flag, `of the control before it: ${description}`).argParser((text: string) =>
        last(flag, (control) => ({ ...control, fields: { ...control.fields, [name]: read(text) } })),
      ),
    );
  field('--control-scale <number>', 'scale', 'how strongly it acts (default: 1)');
  field('--control-start <share>', 'start', 'share of the steps after which it begins to act (default: 0)');
  field('--control-end <share>', 'end', 'share of the steps after which it acts no more (default: 1)');
  field('--control-mode <mode>', 'mode', controlModes.join(', '), (text) => text);
  field(
    '--control-model <id>',
    'model',
    "ControlNet, where another than the base model's own is wanted",
    (text) => text,
  );
  field(
    '--resize <mode>',
    'resize',
    `how the picture is brought to the size: ${resizeModes.join(', ')}`,
    (text) => text,
  );
  field('--resolution <pixels>', 'resolution', 'short side at which its extractor sees the picture');
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
    new Option(
      '--control-mask <file>',
      'of the control before it: a picture that is white where it acts and black where it does not',
    ).argParser((file: string) =>
      last('--control-mask', (control) => ({ ...control, fields: { ...control.fields, mask: { file } } })),
    ),
  );
  command.option('--map', 'of the control before it: the picture already is a map');
  command.on('option:map', () =>
    last('--map', (control) => ({ ...control, fields: { ...control.fields, preprocess: false } })),
  );
  return { list, add: (type, file) => void list.push(controlOf(type, file, null)) };
}

function controlOf(type: string, file: string, structure: string | null): ControlArgument {
  return { type, file, structure, mask: null, fields: {}, options: {} };
}

/** `low_threshold=50` as `{low_threshold: 50}`. */
export function namedValue(text: string): Readonly<Record<string, unknown>> {
  const equals = text.indexOf('=');
  if (equals < 1) throw new InvalidArgumentError('Expected NAME=VALUE, such as low_threshold=50.');
  return { [text.slice(0, equals)]: plainValue(text.slice(equals + 1)) };
}

/** A number where the text is one; what is no number is left for the request's own check to name. */
export function numberOrText(text: string): number | string {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?\s*$/i.test(text) ? Number(text) : text;
}

function plainValue(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  return numberOrText(text);
}
