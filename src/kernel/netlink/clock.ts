/** Time for the deadlines of replies. Tests have their own. */
export interface Clock {
  /** Calls back once, after that much monotonic time. The timer does not keep the process alive. */
  after(milliseconds: number, callback: () => void): void;
  /** Calls back once, after everything that has arrived on sockets was delivered. */
  afterInput(callback: () => void): void;
}

export const systemClock: Clock = {
  after(milliseconds, callback) {
    setTimeout(callback, milliseconds).unref();
  },
  // setImmediate runs after the poll phase of the event loop. A timer would run before it.
  afterInput: (callback) => {
    setImmediate(callback);
  },
};
