import { assemble } from './assemble.ts';

/** Bytes that are in the module's memory at a time: they stay in the processor's cache. */
const block = 65_536;

/** Inverts the first `end` bytes of the memory, 16 at a time: it may reach up to 15 bytes further. */
const { memory, run } = assemble({
  parameters: { end: 'i32' },
  locals: { at: 'i32' },
  code: `
    loop
      local.get at
      local.get at  v128.load  v128.not
      v128.store
      local.get at  i32.const 16  i32.add  local.tee at
      local.get end  i32.lt_u  br_if 0
    end
  `,
});
const held = new Uint8Array(memory.buffer);

/** 255 minus every value. */
export function invertBytes(values: Uint8Array): Uint8Array {
  const inverted = new Uint8Array(values.length);
  for (let start = 0; start < values.length; start += block) {
    const part = values.subarray(start, start + block);
    held.set(part);
    run(part.length);
    inverted.set(part.length === block ? held : held.subarray(0, part.length), start);
  }
  return inverted;
}
