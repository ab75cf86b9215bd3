/** Time for reply timeouts. Tests bring their own. */
export interface Clock {
  /** Calls back once, after so many milliseconds of monotonic time. Does not keep the process alive. */
  after(milliseconds: number, callback: () => void): void;
  /** Calls back once everything that has already arrived on sockets was delivered. */
  afterInput(callback: () => void): void;
}

export const systemClock: Clock = {
  after(milliseconds, callback) {
    setTimeout(callback, milliseconds).unref();
  },
  // setImmediate runs after the poll phase of the event loop, a timer before it.
  afterInput: (callback) => {
    setImmediate(callback);
  },
};
