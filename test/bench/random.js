/** Makes a source of chance that gives the same numbers for the same seed (mulberry32). */
export function seededRandom(seed) {
  let state = Number(seed);
  const below = (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let bits = Math.imul(state ^ (state >>> 15), 1 | state);
    bits = (bits + Math.imul(bits ^ (bits >>> 7), 61 | bits)) ^ bits;
    return ((bits ^ (bits >>> 14)) >>> 0) % limit;
  };
  return { below, pick: (list) => list[below(list.length)] };
}
