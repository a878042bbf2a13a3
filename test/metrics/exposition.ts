/** One family of the text format of Prometheus, as it was read. */
export interface Family {
  readonly type: string;
  readonly samples: readonly Sample[];
}

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const header = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.+)$/;
const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (nan|[+-]inf|[-+0-9.e]+)$/i;
const label = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)/g;

/**
 * Reads the text format 0.0.4 strictly: a line that is none, a sample outside its family, a family without HELP and TYPE or a
 * sample that comes twice is an error.
 */
export function parseExposition(text: string): ReadonlyMap<string, Family> {
  const families = new Map<string, { type: string; samples: Sample[] }>();
  const seen = new Set<string>();
  let helped = '';
  let current = '';
  for (const line of text.split('\n').filter((each) => each !== '')) {
    const [, keyword, name = '', rest = ''] = header.exec(line) ?? [];
    if (keyword === 'HELP') helped = name;
    else if (keyword === 'TYPE') {
      if (name !== helped || families.has(name)) throw new Error(`TYPE without its HELP, or twice: ${line}`);
      families.set(name, { type: rest, samples: [] });
      current = name;
    } else {
      const read = readSample(line);
      const { type, samples } = families.get(current)!;
      const suffixes = type === 'histogram' ? ['_bucket', '_sum', '_count'] : [''];
      if (!suffixes.some((suffix) => read.name === current + suffix)) throw new Error(`Outside its family: ${line}`);
      const identity = line.slice(0, line.lastIndexOf(' '));
      if (seen.has(identity)) throw new Error(`Twice: ${line}`);
      seen.add(identity);
      samples.push(read);
    }
  }
  return families;
}

function readSample(line: string): Sample {
  const [, name, labels = '', value] = sample.exec(line) ?? [];
  if (name === undefined) throw new Error(`Not a line of the format: ${line}`);
  const pairs = [...labels.matchAll(label)];
  if (pairs.map(([pair]) => pair).join('') !== labels) throw new Error(`Not labels: ${line}`);
  return { name, labels: Object.fromEntries(pairs.map(([, key, text]) => [key, text])), value: Number(value) };
}
