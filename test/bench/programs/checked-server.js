// checked-server.js ADDRESS CERTIFICATES: a server on TCP 8080, TLS 8443 and UDP 8053. It does what
// the last line on stdin says: "ok", "500", "slow" (an answer after 5 s), "reset", "garbage", and
// for TLS "expired". Says so once it listens.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { pathToFileURL } from 'node:url';

const [, , address, certificates] = process.argv;
const { CERTIFICATE, EXPIRED_CERTIFICATE, KEY } = await import(pathToFileURL(certificates));
const contextOf = (cert) => ({ key: KEY, cert });
let mode = 'ok';

const answer = (status) =>
  `HTTP/1.1 ${status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n`;

/** @param reset ends the connection in the hardest way that there is */
function serve(socket, reset) {
  socket.on('error', () => {});
  socket.once('data', () => {
    if (mode === 'reset') reset();
    else if (mode === 'garbage') socket.end('SSH-2.0-OpenSSH_9.2\r\n');
    else if (mode === 'slow') setTimeout(() => socket.end(answer('200 OK')), 5000);
    else socket.end(answer(mode === '500' ? '500 Internal Server Error' : '200 OK'));
  });
}

const tcp = createServer((socket) => serve(socket, () => socket.resetAndDestroy()));
// A stream of TLS cannot be reset.
const tls = createTlsServer(contextOf(CERTIFICATE), (socket) =>
  serve(socket, () => socket.destroy()),
);
tls.on('tlsClientError', () => {});
tcp.listen(8080, address, 1024);
tls.listen(8443, address);
const udp = createSocket('udp4').bind(8053, address);
udp.on('message', (_, { port, address: client }) => udp.send('ok', port, client));
process.stdin.on('data', (line) => {
  mode = String(line).trim();
  tls.setSecureContext(contextOf(mode === 'expired' ? EXPIRED_CERTIFICATE : CERTIFICATE));
});
await Promise.all([tcp, tls, udp].map((server) => once(server, 'listening')));
process.stdout.write('listening\n');
