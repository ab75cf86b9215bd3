/** Not for people. In a file of its own, so that the command line knows it without loading what it takes. */
export const GUARD_VERB = 'guard-try';
