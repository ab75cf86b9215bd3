import { connect, type Socket } from 'node:net';
import { type Answer, answerOfError, exchange, good, type Target } from './answer.ts';

/** Opens a connection. The address is a literal, so that no name is looked up. */
export function openSocket({ address: host, port, from }: Target): Socket {
  return connect({ host, port, ...(from !== undefined && { localAddress: from }) });
}

/**
 * Ends a connection with a reset, so that neither side keeps it in TIME_WAIT: thousands of checks a
 * second would use up the ports.
 */
export function endSocket(socket: Socket): void {
  // A late error of a socket that nobody needs any more must not end the process.
  socket.on('error', () => {});
  // A reset would wait for a connection that is not made yet, perhaps for minutes. One that Node
  // closes already cannot be reset, and would keep its descriptor for ever.
  if (socket.connecting || socket.writableEnded) socket.destroy();
  else socket.resetAndDestroy();
}

/** Checks that a destination accepts a connection. */
export function checkTcp(target: Target): Promise<Answer> {
  return exchange(target, (answer) => {
    const socket = openSocket(target);
    socket.on('connect', () => answer(good('connected')));
    socket.on('error', (error) => answer(answerOfError(error)));
    return () => endSocket(socket);
  });
}
