// node test/bench/programs/flow-server.js ADDRESS...
//
// Servers for flow-client.js on port 9080 of each address: over TCP, "ok" and the end of the
// connection; over UDP, the same datagram.
import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';

for (const address of process.argv.slice(2)) {
  createServer((socket) => socket.on('error', () => {}).end('ok')).listen(9080, address);
  const socket = createSocket('udp4');
  socket.on('message', (text, from) => socket.send(text, from.port, from.address));
  socket.bind(9080, address);
}
