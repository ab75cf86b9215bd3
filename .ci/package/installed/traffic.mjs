// node traffic.mjs VIP SERVER...: one client of a virtual service without pause, and its servers.
// Prints how many requests were answered and how many failed, now and then and at its end.
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

const [vip, ...servers] = process.argv.slice(2);
let answered = 0;
let failed = 0;
let isOver = false;

function fetch() {
  return new Promise((resolve) => {
    let answer = '';
    const client = connect(80, vip).setTimeout(30_000, () => client.destroy());
    client.on('data', (chunk) => {
      answer += chunk;
    });
    client.on('error', () => {});
    client.on('close', () => {
      if (answer === '') failed++;
      else answered++;
      resolve();
    });
  });
}

for (const address of servers) {
  const server = createServer((socket) => socket.on('error', () => {}).end(address));
  server.listen(8080, address);
  await once(server, 'listening');
}
process.on('SIGTERM', () => {
  isOver = true;
});
while (!isOver) {
  await fetch();
  if (answered % 20 === 1) process.stdout.write(`${answered} answered, ${failed} failed\n`);
  // The guest has one processor, which is emulated.
  await pause(100);
}
process.stdout.write(`${answered} answered, ${failed} failed\n`);
process.exit(0);
