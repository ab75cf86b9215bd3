/** Monotonic time and timers. Tests bring their own. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}
