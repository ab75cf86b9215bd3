import { connect } from 'node:net';
import { IpvstateError } from '../../errors.ts';
import { type ControlAnswer, type ControlRequest, parseAnswer } from './protocol.ts';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no daemon runs here',
  ECONNREFUSED: 'no daemon runs here; the last one did not end by itself',
  EACCES: 'the daemon belongs to somebody else',
};

/** Returns the error for an answer of another version. */
export function unknownAnswer(): IpvstateError {
  return new IpvstateError(
    'PROTOCOL',
    'the daemon sent an answer that this version does not understand',
    { hint: 'Run `ipvstate` of the version of the daemon, or restart the daemon.' },
  );
}

/** Asks the daemon. Throws `UNAVAILABLE` when there is none, `PERMISSION` when it may not be asked, `PROTOCOL` for an unknown answer. */
export function askDaemon(path: string, request: ControlRequest): Promise<ControlAnswer> {
  return new Promise((resolve, reject) => {
    let answer = '';
    const socket = connect(path, () => socket.write(`${JSON.stringify(request)}\n`));
    const fail = (reason: string, code: 'UNAVAILABLE' | 'PERMISSION' = 'UNAVAILABLE'): void => {
      socket.destroy();
      reject(
        new IpvstateError(code, `${reason} (${path})`, {
          hint: 'Start one with `ipvstate watch`, or name its --control-socket.',
        }),
      );
    };
    socket.setEncoding('utf8');
    socket.on('error', (error: NodeJS.ErrnoException) => {
      fail(
        REASONS[error.code ?? ''] ?? `the daemon cannot be asked: ${error.code}`,
        error.code === 'EACCES' ? 'PERMISSION' : undefined,
      );
    });
    socket.on('end', () => fail('the daemon ended before it answered'));
    socket.on('data', (chunk: string) => {
      answer += chunk;
      const end = answer.indexOf('\n');
      if (end === -1) return;
      socket.destroy();
      const parsed = parseAnswer(answer.slice(0, end));
      if (parsed) resolve(parsed);
      else reject(unknownAnswer());
    });
  });
}
