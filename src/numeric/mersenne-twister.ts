const stateLength = 624;
const shift = 397;

/** State of an MT19937 engine: 624 words of 32 bits and the position of the next one to give out (624: none left). */
export interface MersenneTwisterState {
  readonly words: Uint32Array;
  readonly position: number;
}

/**
 * The 32-bit Mersenne Twister (Matsumoto and Nishimura 1998, `mt19937ar`), seeded by `init_genrand` with the low 32 bits
 * of `seed`: the engine of torch's CPU generator.
 */
export class MersenneTwister {
  readonly #words: Uint32Array;
  #position: number;

  constructor(start: number | bigint | MersenneTwisterState) {
    if (typeof start === 'object') {
      this.#words = start.words.slice();
      this.#position = start.position;
    } else {
      this.#words = seededWords(start);
      this.#position = stateLength;
    }
  }

  /** A copy of the state, from which another engine goes on with the same words. */
  save(): MersenneTwisterState {
    return { words: this.#words.slice(), position: this.#position };
  }

  /** The next word, 0 .. 2^32 - 1. */
  next(): number {
    if (this.#position === stateLength) {
      twist(this.#words);
      this.#position = 0;
    }
    let word = this.#words[this.#position++] ?? 0;
    word ^= word >>> 11;
    word ^= (word << 7) & 0x9d2c5680;
    word ^= (word << 15) & 0xefc60000;
    return (word ^ (word >>> 18)) >>> 0;
  }
}

function seededWords(seed: number | bigint): Uint32Array {
  const words = new Uint32Array(stateLength);
  let previous = Number(BigInt.asUintN(32, BigInt(seed)));
  words[0] = previous;
  for (let i = 1; i < stateLength; i++) {
    previous = (Math.imul(1812433253, previous ^ (previous >>> 30)) + i) >>> 0;
    words[i] = previous;
  }
  return words;
}

function twist(words: Uint32Array): void {
  for (let i = 0; i < stateLength; i++) {
    const next = words[(i + 1) % stateLength] ?? 0;
    const joined = ((words[i] ?? 0) & 0x80000000) | (next & 0x7fffffff);
    const mixed = (joined >>> 1) ^ (next & 1 ? 0x9908b0df : 0);
    words[i] = (words[(i + shift) % stateLength] ?? 0) ^ mixed;
  }
}
