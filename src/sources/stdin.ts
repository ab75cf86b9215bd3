import { IpvstateError } from '../errors.ts';
import { readStream } from './read-stream.ts';
import type { SourceKind } from './source.ts';

/** The name of `-f -` in positions. */
export const STDIN_NAME = '<stdin>';

export const STDIN: SourceKind = {
  recognise: (path) => path === '-',
  open: (_paths, stdin) => ({
    read: async () => [{ name: STDIN_NAME, bytes: await readStream(stdin(), STDIN_NAME) }],
  }),
  follow: () => {
    throw new IpvstateError('USAGE', '`watch` follows files: stdin cannot be read again');
  },
};
