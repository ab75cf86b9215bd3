import { rm } from 'node:fs/promises';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { dirname } from 'node:path';
import { IpvstateError, isAbsent } from '../../errors.ts';
import { makeFolder } from '../../recovery/make-folder.ts';
import { EXIT, exitCodeOfError } from '../../render/exit.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  MAX_REQUEST_LENGTH,
  parseRequest,
} from './protocol.ts';

export type AnswerRequest = (request: ControlRequest) => Promise<ControlAnswer>;

export interface ControlServer {
  close(): Promise<void>;
}

/**
 * Listens on a Unix socket that only its owner can open. Replaces the socket file of a process that
 * no longer listens. Throws `IO`.
 */
export async function serveControl(path: string, answer: AnswerRequest): Promise<ControlServer> {
  try {
    makeFolder(dirname(path));
  } catch (error) {
    throw failure(path, error as NodeJS.ErrnoException);
  }
  const open = new Set<Socket>();
  const accept = (socket: Socket): void => {
    open.add(socket);
    socket.on('close', () => open.delete(socket)).on('error', () => socket.destroy());
    serveLines(socket, answer);
  };
  const server = await listen(path, accept).catch(async (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EADDRINUSE' || (await isAnswered(path))) throw failure(path, error);
    await rm(path, { force: true });
    return listen(path, accept).catch((again: NodeJS.ErrnoException) => {
      throw failure(path, again);
    });
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  };
}

function failure(path: string, error: NodeJS.ErrnoException): IpvstateError {
  const why = error.code === 'EADDRINUSE' ? 'another process listens there' : error.code;
  return new IpvstateError('IO', `the control socket ${path} cannot be opened (${why})`, {
    cause: error,
    hint: 'Name another one with --control-socket.',
  });
}

/** The umask keeps other users out from the moment at which `listen` creates the socket file. */
function listen(path: string, accept: (socket: Socket) => void): Promise<Server> {
  const server = createServer(accept);
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const mask = process.umask(0o177);
    try {
      server.listen(path, () => resolve(server));
    } finally {
      process.umask(mask);
    }
  });
}

/** Tells whether a process listens on a socket file. Throws when that cannot be told. */
function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.on('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'ECONNREFUSED' || isAbsent(error)) resolve(false);
      else reject(failure(path, error));
    });
  });
}

/** Answers the requests of one connection in their order. */
function serveLines(socket: Socket, answer: AnswerRequest): void {
  let rest = '';
  let last: Promise<void> = Promise.resolve();
  socket.setEncoding('utf8');
  socket.on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    if (rest.length > MAX_REQUEST_LENGTH) socket.destroy();
    for (const line of lines) {
      last = last.then(async () => {
        const reply = await answerLine(line, answer);
        if (socket.writable) socket.write(`${JSON.stringify(reply)}\n`);
      });
    }
  });
}

async function answerLine(line: string, answer: AnswerRequest): Promise<ControlAnswer> {
  const request = parseRequest(line);
  if (typeof request === 'string') return { ok: false, exit_code: EXIT.usage, message: request };
  try {
    return await answer(request);
  } catch (error) {
    const hint = error instanceof IpvstateError ? error.hint : undefined;
    return {
      ok: false,
      exit_code: exitCodeOfError(error),
      message: error instanceof Error ? error.message : String(error),
      ...(hint !== undefined && { hint }),
    };
  }
}
