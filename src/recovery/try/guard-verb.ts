/**
 * The verb of the process that guards a try. It has its own file, so that the command line does not
 * load the try for every command.
 */
export const GUARD_VERB = 'guard-try';
