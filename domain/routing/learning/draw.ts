/**
 * Chance that can be repeated: everything drawn for a payment comes from its one recorded draw and a word for what is
 * drawn. Integers only, and the same on every machine; nothing here needs to be hard to guess.
 */
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** 0 to 2^32 - 1; draws of different words are independent for all that matters here. */
export function derivedDraw(draw: number, word: string): number {
  let hash = (FNV_OFFSET ^ draw) >>> 0;
  for (let index = 0; index < word.length; index += 1) {
    hash = Math.imul(hash ^ word.charCodeAt(index), FNV_PRIME) >>> 0;
  }
  return mixed(hash ^ mixed(draw));
}

/** The finalizer of MurmurHash3: each bit of the input moves each bit of the output about half of the time. */
function mixed(value: number): number {
  let hash = value >>> 0;
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** True for `sharePpm` of all draws. */
export function drawnWithin(draw: number, sharePpm: number): boolean {
  return draw * 1_000_000 < sharePpm * 0x1_0000_0000;
}

const SUMMED = 12;

/**
 * A standard normal deviate, as the sum of twelve uniform draws less six: exact arithmetic, where logarithms and cosines
 * may differ in their last bit from engine to engine and flip a close race. Its tails end at six deviations.
 */
export function normalDraw(draw: number, word: string): number {
  let sum = 0;
  let state = derivedDraw(draw, word);
  for (let count = 0; count < SUMMED; count += 1) {
    state = mixed((state + 0x9e3779b9) >>> 0);
    sum += state;
  }
  return sum / 0x1_0000_0000 - SUMMED / 2;
}
