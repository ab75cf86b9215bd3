// checked-client.js ADDRESS CERTIFICATES: sends requests to TCP 80, a tenth of them to UDP 53 and a
// hundredth to TLS 443, whether the earlier ones are answered or not. Each is from a new port. A
// line on stdin with a number is the number of requests a second. For each other line, it says how
// many there were since the last one, and which of them failed.
import { createSocket } from 'node:dgram';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { pathToFileURL } from 'node:url';

const [, , host, certificates] = process.argv;
const { CERTIFICATE } = await import(pathToFileURL(certificates));
const TLS = { servername: 'shop.example', ca: CERTIFICATE };
const LIMIT_MILLISECONDS = 3000;
/** More are not under way: the machine has no time for them. */
const MOST = 600;

/** A port comes again after minutes. No other program of the namespace uses them. */
const PORTS = { first: 10_000, count: 50_000 };
let ports = 0;
let done = 0;
let failures = [];
let underWay = 0;

/** Runs one exchange from a port. `start` ends it with the reason of a failure, or undefined. */
function ask(protocol, start) {
  if (underWay >= MOST) return;
  underWay++;
  const startedAt = Date.now();
  const port = PORTS.first + (ports++ % PORTS.count);
  let isOver = false;
  const end = (reason) => {
    if (isOver) return;
    isOver = true;
    underWay--;
    done++;
    clearTimeout(timer);
    stop();
    if (reason !== undefined) failures.push({ protocol, startedAt, port, reason });
  };
  const timer = setTimeout(() => end('timeout'), LIMIT_MILLISECONDS);
  const stop = start(port, end);
}

function askStream(protocol, open) {
  ask(protocol, (localPort, end) => {
    const socket = open({ host, localPort });
    let text = '';
    socket.on(protocol === 'tls' ? 'secureConnect' : 'connect', () =>
      socket.write('GET / HTTP/1.1\r\nHost: shop.example\r\nConnection: close\r\n\r\n'),
    );
    socket.on('data', (chunk) => {
      text += chunk;
    });
    socket.on('error', (error) => end(error.code));
    socket.on('close', () =>
      end(text.startsWith('HTTP/1.1 200') ? undefined : text.slice(0, 12) || 'closed'),
    );
    return () => socket.destroy();
  });
}

function askUdp() {
  ask('udp', (port, end) => {
    const socket = createSocket('udp4');
    socket.on('error', (error) => end(error.code));
    socket.on('message', () => end());
    socket.bind(port, () => socket.connect(53, host, () => socket.send('ask')));
    return () => socket.close();
  });
}

let rate = 0;
let started = performance.now();
let sent = 0;
setInterval(() => {
  const due = ((performance.now() - started) / 1000) * rate;
  for (let most = 100; sent < due; sent++) {
    if (most-- <= 0) continue;
    if (sent % 100 === 0)
      askStream('tls', (options) => connectTls({ ...options, port: 443, ...TLS }));
    else if (sent % 10 === 5) askUdp();
    else askStream('tcp', (options) => connect({ ...options, port: 80 }));
  }
}, 10);

process.stdin.on('data', (line) => {
  if (Number(line) > 0) {
    rate = Number(line);
    started = performance.now();
    sent = 0;
    return;
  }
  process.stdout.write(`${JSON.stringify({ done, underWay, failures })}\n`);
  done = 0;
  failures = [];
});
