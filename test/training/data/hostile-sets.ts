import { deflateRawSync } from 'node:zlib';
import { MersenneTwister } from '../../../src/numeric/mersenne-twister.ts';
import { packTar, packZip, tarEntry } from './pack.ts';
import { type MadeFiles, rules, twelvePairs } from './twelve-pairs.ts';

/** A set as it came, and what its refusal says; null where some of it may be taken. */
export interface HostileSet {
  readonly name: string;
  readonly bytes: Buffer;
  readonly says: RegExp | null;
}

const pairs = await twelvePairs();
const picture = pairs[0]!.picture;
const good: MadeFiles = {
  'a.png': picture,
  'a.txt': 'a cat',
  'b.png': pairs[1]!.picture,
  'b.txt': 'a dog',
};
/** Small, so that what passes them is quickly made. */
export const hostileLimits = {
  ...rules.limits,
  entries: 60,
  unpackedBytes: 8 * 2 ** 20,
  pictureBytes: 2 ** 20,
  listBytes: 2 ** 20,
};

const end = Buffer.alloc(1024);
const tarOf = (...entries: readonly Buffer[]): Buffer =>
  Buffer.concat([...Object.entries(good).map(([name, content]) => tarEntry(name, content)), ...entries, end]);

/** A zip whose directory says what it is told to, whatever the files are. */
function zipOf(
  entries: readonly {
    readonly name: string;
    readonly content?: Buffer;
    readonly method?: number;
    readonly flags?: number;
    readonly size?: number;
    readonly mode?: number;
    readonly maker?: number;
    readonly at?: number;
  }[],
): Buffer {
  const local: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const {
    name,
    content = picture,
    method = 0,
    flags = 0x800,
    size = content.length,
    mode = 0o100644,
    maker = 3,
    at,
  } of entries) {
    const path = Buffer.from(name);
    const head = Buffer.alloc(30);
    head.writeUInt32LE(0x04034b50, 0);
    head.writeUInt16LE(20, 4);
    head.writeUInt16LE(flags, 6);
    head.writeUInt16LE(method, 8);
    head.writeUInt32LE(content.length, 18);
    head.writeUInt32LE(size, 22);
    head.writeUInt16LE(path.length, 26);
    const row = Buffer.alloc(46);
    row.writeUInt32LE(0x02014b50, 0);
    row.writeUInt16LE((maker << 8) | 0x1e, 4);
    row.writeUInt16LE(20, 6);
    row.writeUInt16LE(flags, 8);
    row.writeUInt16LE(method, 10);
    row.writeUInt32LE(content.length, 20);
    row.writeUInt32LE(size, 24);
    row.writeUInt16LE(path.length, 28);
    row.writeUInt32LE((mode << 16) >>> 0, 38);
    row.writeUInt32LE(at ?? offset, 42);
    directory.push(row, path);
    if (at !== undefined) continue;
    local.push(head, path, content);
    offset += head.length + path.length + content.length;
  }
  const rows = Buffer.concat(directory);
  const tail = Buffer.alloc(22);
  tail.writeUInt32LE(0x06054b50, 0);
  tail.writeUInt16LE(entries.length, 8);
  tail.writeUInt16LE(entries.length, 10);
  tail.writeUInt32LE(rows.length, 12);
  tail.writeUInt32LE(offset, 16);
  return Buffer.concat([...local, rows, tail]);
}

const zeros = (bytes: number): Buffer => deflateRawSync(Buffer.alloc(bytes));

/** Over 500 sets that are broken or mean harm, the same at each call. */
export async function hostileSets(): Promise<readonly HostileSet[]> {
  const cases: HostileSet[] = [];
  const add = (name: string, says: RegExp | null, bytes: Buffer): void => void cases.push({ name, bytes, says });
  const badNames = [
    '../out.png',
    '/etc/out.png',
    'a/../../out.png',
    'C:\\out.png',
    '..\\out.png',
    'a/./b.png',
    'a//b.png',
    'http://x/y.png',
    `${'d/'.repeat(17)}x.png`,
    `${'x'.repeat(1100)}.png`,
  ];
  for (const name of badNames) {
    add(
      `zip with ${name.slice(0, 20)}`,
      /names of files inside|shorter|folders inside|relative path|absolute path/,
      zipOf([{ name }]),
    );
    const pax = tarEntry('x', `${String(name.length + 10).padStart(1)} path=${name}\n`, { type: 'ExtendedHeader' });
    const named =
      name.length < 100
        ? [tarEntry(name, picture)]
        : [pax, tarEntry('@LongLink', `${name}\0`, { type: 'NextFileHasLongPath' }), tarEntry('x', picture)];
    add(`tar with ${name.slice(0, 20)}`, /names of files inside|shorter|folders inside/, tarOf(...named));
  }
  for (const type of ['SymbolicLink', 'Link', 'FIFO', 'CharacterDevice', 'BlockDevice'] as const) {
    add(`tar with ${type}`, /is a link|is no file/, tarOf(tarEntry('x.png', '', { type, linkpath: '/etc/passwd' })));
  }
  for (const maker of [3, 19]) {
    const link = { name: 'x.png', content: Buffer.from('/etc/passwd'), mode: 0o120777, maker };
    add(`zip of maker ${maker} with a link`, /is a link/, zipOf([link]));
  }
  add('zip with a pipe', /is a pipe or a device/, zipOf([{ name: 'x.png', mode: 0o010644 }]));
  add('zip with a wrong checksum', /the checksum of "a.png" is another one/, zipOf([{ name: 'a.png' }]));
  add('zip with a password', /is encrypted/, zipOf([{ name: 'x.png', flags: 0x801, size: picture.length - 12 }]));
  for (const method of [1, 9, 12, 14, 93, 99])
    add(`zip by method ${method}`, /compressed by method/, zipOf([{ name: 'x.png', method }]));
  for (const name of ['x.png', 'x.jsonl', 'metadata.csv', 'd.toml']) {
    add(
      `bomb as ${name}`,
      /at most 1048576 bytes|at most 1048576/,
      zipOf([{ name, content: zeros(4 * 2 ** 20), method: 8, size: 4 * 2 ** 20 }]),
    );
    add(
      `bomb that hides as ${name}`,
      /damaged|cannot/,
      zipOf([{ name, content: zeros(4 * 2 ** 20), method: 8, size: 100 }]),
    );
    add(
      `more than all as ${name}`,
      /once it is unpacked/,
      zipOf([{ name, content: zeros(9 * 2 ** 20), method: 8, size: 9 * 2 ** 20 }]),
    );
    add(`huge in a tar as ${name}`, /cut short/, Buffer.concat([tarEntry(name, picture, { size: 2 ** 40 })]));
  }
  const whole = tarOf();
  for (const more of [0, 100]) {
    add(`cut ${more} bytes behind a file`, /its end is not there/, whole.subarray(0, whole.length - end.length + more));
  }
  const overlapping = Array.from({ length: 50 }, (_, index) => ({
    name: `${index}.png`,
    content: zeros(2 ** 19),
    method: 8,
    size: 2 ** 19,
    ...(index > 0 && { at: 0 }),
  }));
  add('overlapping files', /once it is unpacked/, zipOf(overlapping));
  add(
    'too many in a zip',
    /at most 60 files/,
    zipOf(Array.from({ length: 61 }, (_, index) => ({ name: `${index}.txt` }))),
  );
  add(
    'too many in a tar',
    /at most 60 files/,
    tarOf(...Array.from({ length: 61 }, (_, index) => tarEntry(`${index}.txt`, ''))),
  );
  add(
    'too many folders',
    /at most 60 files/,
    tarOf(...Array.from({ length: 61 }, (_, index) => tarEntry(`${index}/`, '', { type: 'Directory' }))),
  );
  add('one name twice in a zip', /twice/, zipOf([{ name: 'a.png' }, { name: 'a.png' }]));
  add('one name twice in a tar', /twice/, tarOf(tarEntry('a.png', picture)));
  add('one name in two forms', /twice/, zipOf([{ name: 'é.png' }, { name: 'é.png'.normalize('NFD') }]));
  add('nothing', /Expected a set of pictures|received no files|0 bytes/, zipOf([]));
  add('no bytes', /nothing \(0 bytes\)/, Buffer.alloc(0));
  add('an empty tar', /no files/, end);
  add('only clutter', /no files/, zipOf([{ name: '__MACOSX/._a.png' }, { name: '.DS_Store' }]));
  for (const [start, what] of [
    ['\x1f\x8b', 'gzip'],
    ['BZh9', 'bzip2'],
    ['\xfd7zXZ', 'xz'],
    ['\x28\xb5\x2f\xfd', 'zstd'],
    ['7z\xbc\xaf', '7z'],
    ['Rar!', 'rar'],
    ['PAR1', 'Parquet'],
    ['%PDF', 'PDF'],
    ['<html>', 'HTML'],
  ] as const) {
    add(what, new RegExp(what), Buffer.from(start.padEnd(600, 'x'), 'latin1'));
  }
  const packed: readonly [string, RegExp, MadeFiles][] = [
    ['captions of a megabyte', /at most 65536 bytes/, { ...good, 'a.txt': 'x'.repeat(2 ** 20) }],
    [
      'captions of a megabyte in a list',
      /at most 65536 bytes/,
      { 'x.jsonl': JSON.stringify({ picture: 'a.png', caption: 'x'.repeat(2 ** 19) }), 'a.png': picture },
    ],
    ['captions in cp932', /bytes that are none/, { ...good, 'a.txt': Buffer.from([0x83, 0x4c]) }],
    ['captions in latin1', /bytes that are none/, { ...good, 'a.txt': Buffer.from('caf\xe9', 'latin1') }],
    ['captions in UTF-16', /UTF-16/, { ...good, 'a.txt': Buffer.from('\ufeffcat', 'utf16le') }],
    ['a caption with a character 0', /character 0/, { ...good, 'a.txt': 'a cat \0 sits' }],
    [
      'a list in UTF-16',
      /UTF-16/,
      { 'x.jsonl': Buffer.from('\ufeff{"picture":"a.png"}', 'utf16le'), 'a.png': picture },
    ],
    ['a list of deep nesting', /at most 32/, { 'x.jsonl': '['.repeat(10_000), 'a.png': picture }],
    ['a prototype', /other names/, { 'x.jsonl': '{"__proto__": 1, "picture": "a.png"}', 'a.png': picture }],
    ['a TOML of deep nesting', /TOML/, { 'x.toml': `a = ${'['.repeat(10_000)}`, 'a.png': picture }],
    ['a prototype in a TOML', /TOML|not taken/, { 'x.toml': '[__proto__]\na = 1', 'a.png': picture }],
    ['all the same picture', /all 3 are the same/, { 'a.png': picture, 'b.png': picture, 'c.png': picture }],
    [
      'too many lines',
      /"x.jsonl" to name at most 60 pairs/,
      { 'x.jsonl': '{"picture": "a.png"}\n'.repeat(61), 'a.png': picture },
    ],
    [
      'too many rows',
      /"metadata.csv" to name at most 60 pairs/,
      { 'metadata.csv': `file_name,text\n${'a.png,a cat\n'.repeat(61)}`, 'a.png': picture },
    ],
    [
      'too many subsets',
      /"x.toml" to name at most 60 pairs/,
      { 'x.toml': `[[datasets]]\n${'[[datasets.subsets]]\nimage_dir = "d"\n'.repeat(61)}`, 'd/a.png': picture },
    ],
    ['no pairs', /names none/, { 'x.jsonl': '\n\n', 'a.png': picture }],
    ['pictures that are none', /received plain text/, { ...good, 'a.png': 'hello' }],
    ['a strip', /16 times/, { ...good, 'a.png': await strip() }],
    ['a picture that says it is huge', /damaged|too large|at most/, { ...good, 'a.png': huge() }],
  ];
  for (const [name, says, files] of packed) {
    add(`${name}, zip`, says, await packZip(files));
    add(`${name}, tar`, says, await packTar(files));
  }
  const random = new MersenneTwister(7);
  const below = (most: number): number => Math.floor((random.next() / 2 ** 32) * most);
  for (const [what, whole] of [
    ['zip', await packZip(good)],
    ['tar', await packTar(good)],
  ] as const) {
    for (let index = 0; index < 100; index++) add(`${what} cut`, null, whole.subarray(0, below(whole.length)));
    for (let index = 0; index < 100; index++) {
      const bytes = Buffer.from(whole);
      for (let changed = 0; changed < 6; changed++)
        bytes[index % 2 === 0 ? below(bytes.length) : bytes.length - 1 - below(600)] = below(256);
      add(`${what} with wrong bytes`, null, bytes);
    }
  }
  return cases;
}

async function strip(): Promise<Buffer> {
  const { default: sharp } = await import('sharp');
  return await sharp({ create: { width: 170, height: 10, channels: 3, background: 'red' } })
    .png()
    .toBuffer();
}

/** Its header says 60,000 x 60,000. */
function huge(): Buffer {
  const bytes = Buffer.from(picture);
  bytes.writeUInt32BE(60_000, 16);
  bytes.writeUInt32BE(60_000, 20);
  return bytes;
}
