// node test/bench/programs/flow-client.js VIP PORT KIND...
//
// A client whose flows last and whose ports come again, in ways that a drain must survive. Each
// KIND has its own service: the first one at PORT, the next one at PORT + 1, and so on.
//
//   udp[:N]     four or N sockets that keep their ports, as QUIC, SIP and DNS forwarders do
//   tcp         connections of one request, from 200 ports in turn, each again after 20 s
//   persistent  the same, for a persistent service
//
// Prints `{ KIND: [requests, failures] }` for each line of stdin, and each failure with its time.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';

const [vip, firstPort, ...words] = process.argv.slice(2);
const kinds = words.map((word) => {
  const [kind, sockets = '4'] = word.split(':');
  return { kind, sockets: Number(sockets) };
});
const PATIENCE_MILLISECONDS = 3000;
const PORTS = 200;
const counts = Object.fromEntries(kinds.map(({ kind }) => [kind, [0, 0]]));

function ended(kind, startedAt, error) {
  counts[kind][0]++;
  if (!error) return;
  counts[kind][1]++;
  process.stderr.write(`FAILED ${startedAt} ${kind} ${error}\n`);
}

function requestOverTcp(kind, port, localPort) {
  const startedAt = Date.now();
  let isOver = false;
  const end = (error) => {
    if (isOver) return;
    isOver = true;
    socket.destroy();
    // The port is still in use here, so that nothing was sent.
    if (error !== 'EADDRINUSE' && error !== 'EADDRNOTAVAIL') ended(kind, startedAt, error);
  };
  const socket = connect({ host: vip, port, localPort });
  socket.setTimeout(PATIENCE_MILLISECONDS, () => end('timeout'));
  socket.on('data', () => {});
  socket.on('end', () => socket.on('close', () => end(socket.bytesRead === 2 ? '' : 'no answer')));
  socket.on('error', (error) => end(error.code));
}

function sendOverUdp(kind, port, localPort) {
  const socket = createSocket('udp4').bind(localPort);
  const waiting = new Map();
  socket.on('message', (text) => {
    clearTimeout(waiting.get(String(text)));
    if (waiting.delete(String(text))) ended(kind, 0);
  });
  let number = 0;
  setInterval(() => {
    const [text, startedAt] = [String(number++), Date.now()];
    const lose = () => {
      waiting.delete(text);
      ended(kind, startedAt, 'lost');
    };
    waiting.set(text, setTimeout(lose, PATIENCE_MILLISECONDS));
    socket.send(text, port, vip);
  }, 100);
}

for (const [index, { kind, sockets }] of kinds.entries()) {
  const port = Number(firstPort) + index;
  // Each service of a run has ports of its own: the kernel remembers what was done from a port.
  const base = 10_000 + (port % 200) * 250;
  if (kind === 'udp') for (let at = 0; at < sockets; at++) sendOverUdp(kind, port, base + at);
  else {
    let number = 0;
    setInterval(() => requestOverTcp(kind, port, base + (number++ % PORTS)), 100);
  }
}
process.stdin.on('data', () => process.stdout.write(`${JSON.stringify(counts)}\n`));
