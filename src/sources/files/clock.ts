/** Monotonic time and timers. Tests bring their own. */
export interface Clock {
  /** Milliseconds since some moment; never goes back. */
  now(): number;
  /** Calls back once, after so many milliseconds, unless the returned function is called before. Does not keep the process alive. */
  after(milliseconds: number, callback: () => void): () => void;
}

export const systemClock: Clock = {
  now: () => performance.now(),
  after(milliseconds, callback) {
    const timer = setTimeout(callback, milliseconds).unref();
    return () => clearTimeout(timer);
  },
};

/** A span that is up to a tenth shorter or longer, so that many machines do not read the same share at the same moment. */
export function jittered(milliseconds: number, random: () => number): number {
  return milliseconds * (0.9 + 0.2 * random());
}
