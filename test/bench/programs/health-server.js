// health-server.js ADDRESS...: answers with 200 on port 8080. After SIGUSR2, the first address
// answers with 500, or with 200 again. Says so once all listen.
import { once } from 'node:events';
import { createServer } from 'node:http';

let isBad = false;
process.on('SIGUSR2', () => {
  isBad = !isBad;
});
await Promise.all(
  process.argv.slice(2).map((address, index) =>
    once(
      createServer((_, response) => {
        response.statusCode = isBad && index === 0 ? 500 : 200;
        response.end('ok');
      }).listen(8080, address),
      'listening',
    ),
  ),
);
process.stdout.write('listening\n');
