import { createSocket } from 'node:dgram';
import { isIP } from 'node:net';
import type { UdpCheck } from '../../model/health.ts';
import { type Answer, answerOfError, bad, exchange, good, type Target } from './answer.ts';

/** Checks that a destination answers a datagram with a certain text. */
export function checkUdp({ send, expect }: UdpCheck, target: Target): Promise<Answer> {
  const wanted = Buffer.from(expect, 'latin1');
  return askUdp(target, Buffer.from(send, 'latin1'), (message) =>
    message.includes(wanted)
      ? good('answered')
      : bad('an answer without the text that is expected'),
  );
}

/**
 * Sends a datagram, and judges the first datagram that comes back from the destination. `judge`
 * returns undefined for one that is no answer.
 */
export function askUdp(
  target: Target,
  question: Buffer,
  judge: (message: Buffer) => Answer | undefined,
): Promise<Answer> {
  const { address, port, from } = target;
  return exchange(target, (answer) => {
    const family = isIP(address) === 6 ? 6 : 4;
    const socket = createSocket({
      type: family === 6 ? 'udp6' : 'udp4',
      // Every address is a literal: no name is ever looked up.
      lookup: (name, _, done) => done(null, name, family),
    });
    socket.on('error', (error) => answer(answerOfError(error)));
    socket.on('message', (message) => {
      const found = judge(message);
      if (found) answer(found);
    });
    let isOpen = true;
    socket.on('connect', () => {
      if (isOpen) socket.send(question);
    });
    socket.bind({ ...(from !== undefined && { address: from }), exclusive: true }, () => {
      // A connected socket is told of refusals, and takes datagrams of the destination only.
      if (isOpen) socket.connect(port, address);
    });
    return () => {
      isOpen = false;
      socket.close();
    };
  });
}
