// health-client.js ADDRESS: fetches from port 80 without pause, with a connection for each request.
// Says, for each line on stdin, how many requests there were, and how many of them failed.
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

let all = 0;
let failed = 0;

function fetch(host) {
  return new Promise((resolve) => {
    let isOver = false;
    const end = (isBad) => {
      if (isOver) return;
      isOver = true;
      all++;
      if (isBad) failed++;
      resolve();
    };
    const request = get({ host, port: 80, agent: false, timeout: 3000 }, (response) => {
      response.resume();
      response.on('end', () => end(response.statusCode !== 200));
    });
    request.on('timeout', () => {
      request.destroy();
      end(true);
    });
    request.on('error', () => end(true));
  });
}

process.stdin.on('data', () => process.stdout.write(`${JSON.stringify([all, failed])}\n`));
for (;;) {
  await fetch(process.argv[2]);
  await sleep(5);
}
