/** Monotonic time and timers. Tests bring their own. */
export interface Clock {
  /** Milliseconds since some moment. Never goes back. */
  now(): number;
  /**
   * Milliseconds of processor time that this process has used. They tell how much work something
   * is: time that passes while a busy machine lets the process wait does not count.
   */
  cpu(): number;
  /** Calls back once after so many milliseconds, unless the returned function is called before. */
  after(milliseconds: number, callback: () => void): () => void;
}
