/** A function in WebAssembly's own instructions, over a memory of its own. */
export interface SimdFunction {
  /** Names and types of its parameters, in their order. */
  readonly parameters: Readonly<Record<string, NumberType>>;
  /** Names and types of its other variables. */
  readonly locals: Readonly<Record<string, NumberType>>;
  /** Instructions as the text format writes them, one after the other, without folding: operands come first. */
  readonly code: string;
}

type NumberType = keyof typeof types;

export interface SimdModule {
  /** Grows and never shrinks: take the buffer anew after `reserve`. */
  readonly memory: WebAssembly.Memory;
  readonly run: (...parameters: number[]) => void;
}

/**
 * Compiles one function (WebAssembly Core Specification 2.0, section 5: binary format). It knows the instructions of the table
 * below, and a memory access at an address alone.
 */
export function assemble({ parameters, locals, code }: SimdFunction): SimdModule {
  const variables = [...Object.keys(parameters), ...Object.keys(locals)];
  const body = [
    ...vector(Object.values(locals).map((type) => [1, types[type]])),
    ...instructions(code, variables),
    opcodes['end']!,
  ];
  const signature = [0x60, ...vector(Object.values(parameters).map((type) => [types[type]])), ...vector([])];
  const exported = [
    [...name('run'), 0, 0],
    [...name('memory'), 2, 0],
  ];
  const bytes = [
    ...header,
    ...section(1, [signature]),
    ...section(3, [[0]]),
    ...section(5, [[0, 1]]),
    ...section(7, exported),
    ...section(10, [sized(body)]),
  ];
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(Uint8Array.from(bytes)));
  return { memory: exports['memory'] as WebAssembly.Memory, run: exports['run'] as SimdModule['run'] };
}

/** Makes a memory hold so many bytes. */
export function reserve(memory: WebAssembly.Memory, bytes: number): void {
  const missing = bytes - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / pageBytes));
}

const pageBytes = 65_536;
/** "\0asm" and version 1. */
const header = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const types = { i32: 0x7f, f64: 0x7c, v128: 0x7b } as const;

/** What each instruction is; those with 0xfd and a number in 7 bits a byte are of the vector set. */
const opcodes: Readonly<Record<string, number>> = {
  loop: 0x03,
  end: 0x0b,
  br_if: 0x0d,
  'local.get': 0x20,
  'local.set': 0x21,
  'local.tee': 0x22,
  'i32.const': 0x41,
  'i32.lt_u': 0x49,
  'i32.add': 0x6a,
};

const vectorOpcodes: Readonly<Record<string, number>> = {
  'v128.load': 0,
  'v128.store': 11,
  'i8x16.shuffle': 13,
  'f64x2.splat': 20,
  'v128.not': 77,
  'v128.store64_lane': 91,
  'i8x16.narrow_i16x8_u': 102,
  'i16x8.narrow_i32x4_s': 133,
  'f64x2.nearest': 148,
  'f64x2.add': 240,
  'f64x2.mul': 242,
  'i32x4.trunc_sat_f64x2_s_zero': 252,
};

function instructions(code: string, variables: readonly string[]): readonly number[] {
  const tokens = code.trim().split(/\s+/);
  const bytes: number[] = [];
  for (let at = 0; at < tokens.length;) {
    const instruction = tokens[at++]!;
    const take = (count: number): readonly string[] => tokens.slice(at, (at += count));
    bytes.push(...opcodeOf(instruction), ...immediates(instruction, take, variables));
  }
  return bytes;
}

function opcodeOf(instruction: string): readonly number[] {
  const [plain, ofVectors] = [opcodes[instruction], vectorOpcodes[instruction]];
  if (plain !== undefined) return [plain];
  if (ofVectors !== undefined) return [0xfd, ...unsigned(ofVectors)];
  throw new RangeError(`Expected an instruction of the table but received ${instruction}`);
}

function immediates(
  instruction: string,
  take: (count: number) => readonly string[],
  variables: readonly string[],
): readonly number[] {
  if (instruction === 'loop') return [0x40];
  if (instruction.startsWith('local.')) return unsigned(variables.indexOf(take(1)[0]!));
  if (instruction === 'i32.const' || instruction === 'br_if') return unsigned(Number(take(1)[0]));
  if (instruction === 'i8x16.shuffle') return take(16).map(Number);
  if (instruction === 'v128.store64_lane') return [0, 0, Number(take(1)[0])];
  // No promise about alignment, no offset.
  return instruction === 'v128.load' || instruction === 'v128.store' ? [0, 0] : [];
}

/** Whole numbers from 0 on in groups of 7 bits, the lowest first (LEB128); those below 64 are the same with a sign. */
function unsigned(value: number): number[] {
  return value < 128 ? [value] : [(value & 127) | 128, ...unsigned(value >>> 7)];
}

function vector(items: readonly (readonly number[])[]): readonly number[] {
  return [...unsigned(items.length), ...items.flat()];
}

function sized(bytes: readonly number[]): readonly number[] {
  return [...unsigned(bytes.length), ...bytes];
}

function name(text: string): readonly number[] {
  return sized([...new TextEncoder().encode(text)]);
}

function section(id: number, items: readonly (readonly number[])[]): readonly number[] {
  return [id, ...sized(vector(items))];
}
