import { connect } from 'node:net';
import { IpvstateError } from '../../errors.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  isUnknownCommand,
  parseAnswer,
} from './protocol.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no daemon runs here',
  ECONNREFUSED: 'no daemon runs here; the last one was killed',
  EACCES: 'no permission to reach the daemon',
};

/** Errors of a connection that the daemon had accepted, or its kernel for it. */
const CUT_OFF: readonly string[] = ['ECONNRESET', 'EPIPE'];

const HINTS = {
  UNAVAILABLE: 'Start one with `ipvstate watch`, or name its --control-socket.',
  CUT_OFF: 'Run the command again: it can be repeated, whatever the daemon did of it.',
  CLOSED:
    'Run the command again: it can be repeated. A daemon with too many open files closes every ' +
    'connection: raise its LimitNOFILE, or `ulimit -n`, and restart it.',
  PERMISSION: 'Only the user of the daemon may ask it: run as root, or as that user.',
};

/** No daemon listens on the control socket. */
export class NoDaemonError extends IpvstateError {}

/** Returns the error for an answer of another version. */
export function unknownAnswer(): IpvstateError {
  return new IpvstateError(
    'PROTOCOL',
    'the daemon sent an answer that this version does not understand',
    { hint: 'Run `ipvstate` of the version of the daemon, or restart the daemon.' },
  );
}

/** Returns the error for a daemon that was started before this version was installed. */
function earlierDaemon({ command }: ControlRequest): IpvstateError {
  return new IpvstateError(
    'PROTOCOL',
    `the daemon is of an earlier version, which does not know \`${command}\`; nothing was changed`,
    { hint: 'Restart the daemon: it starts in this version, and the table stays as it is.' },
  );
}

/**
 * Sends a request to the daemon. Throws `UNAVAILABLE` without a daemon, `PERMISSION` for the daemon
 * of another user, and `PROTOCOL` for an unknown answer or a daemon that does not know the request.
 */
export function askDaemon(path: string, request: ControlRequest): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    const fail = (
      reason: string,
      code: 'UNAVAILABLE' | 'PERMISSION' = 'UNAVAILABLE',
      { hint = HINTS[code], Failure = IpvstateError } = {},
    ): void => {
      socket.destroy();
      reject(new Failure(code, `${reason} (${path})`, { hint }));
    };
    // Only a daemon that goes on takes a second connection.
    const failCutOff = (): void => {
      const second = connect(path, () => {
        second.destroy();
        const reason = 'the daemon closed the connection before it answered';
        fail(reason, 'UNAVAILABLE', { hint: HINTS.CLOSED });
      });
      second.on('error', () =>
        fail('the daemon ended before it answered', 'UNAVAILABLE', { hint: HINTS.CUT_OFF }),
      );
    };
    socket.setEncoding('utf8');
    socket.on('error', ({ code = '' }: NodeJS.ErrnoException) => {
      const reason = REASONS[code] ?? `the daemon cannot be reached (${code})`;
      if (code === 'ENOENT' || code === 'ECONNREFUSED')
        fail(reason, 'UNAVAILABLE', { Failure: NoDaemonError });
      else if (CUT_OFF.includes(code)) failCutOff();
      else fail(reason, code === 'EACCES' ? 'PERMISSION' : 'UNAVAILABLE');
    });
    socket.on('end', failCutOff);
    socket.on('data', (chunk: string) => {
      // Only the new part is searched: an answer can have megabytes.
      const end = chunk.indexOf('\n');
      answer += end === -1 ? chunk : chunk.slice(0, end);
      if (end === -1) return;
      socket.destroy();
      const parsed = parseAnswer(answer);
      if (!parsed) reject(unknownAnswer());
      else if (isUnknownCommand(parsed)) reject(earlierDaemon(request));
      else resolve(parsed);
    });
  });
}
