import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { beforeEach, describe, expect, it } from 'vitest';
import { type HealthDocument, isHealthDocument } from '../../src/render/health.ts';
import { DaemonInProcess } from '../support/daemon.ts';
import { type MisbehavingTable, openMisbehavingTable } from '../support/misbehaving-ipvs.ts';
import { destinationKeyOf, keyOf, tableOf } from '../support/tables.ts';
import { until } from '../support/until.ts';

const SHOP = keyOf('tcp://192.0.2.1:80');
const SCHEMA = JSON.parse(readFileSync('schemas/health.schema.json', 'utf8'));
const isValid = new Ajv({ strict: false, validateFormats: false }).compile(SCHEMA);

let folder: string;
let file: string;
let kernel: MisbehavingTable;
let closers: (() => unknown)[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-health-'));
  file = join(folder, 'ipvs.yaml');
  kernel = openMisbehavingTable(tableOf({}));
  closers = [];
  return async () => {
    for (const close of closers) await close();
    rmSync(folder, { recursive: true, force: true });
  };
});

/** Serves on a port of this machine. Port 0 is a free one. */
async function serve(port = 0): Promise<{ readonly port: number; readonly server: Server }> {
  const server = createServer((socket) => socket.on('error', () => {}));
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', () => resolve()));
  closers.push(() => server.close());
  return { port: (server.address() as AddressInfo).port, server };
}

function write(ports: readonly number[], more = '', check = 'tcp: {}, '): void {
  const list = ports.map((port) => `{ address: "127.0.0.1:${port}", weight: 4, forward: masq }`);
  const health = `{ ${check}interval: 1s, rise: 1, fall: 1${more} }`;
  writeFileSync(
    file,
    [
      ...['version: 1', 'services:', '  - name: shop', `    address: ${SHOP}`],
      ...[`    health: ${health}`, `    destinations: [${list.join(', ')}]`, ''],
    ].join('\n'),
  );
}

async function start(...more: readonly string[]): Promise<DaemonInProcess> {
  const args = ['-f', file, '--interval', '20ms', '--debounce', '20ms', ...more];
  const daemon = new DaemonInProcess(join(folder, 'daemon'), args, async () => kernel);
  closers.push(() => daemon.stop());
  return daemon.start();
}

const weightOf = (port: number): number | undefined =>
  kernel
    .table()
    .services.get(SHOP)
    ?.destinations.get(destinationKeyOf(`127.0.0.1:${port}`))?.weight;

const becomes = (port: number, weight: number): Promise<void> =>
  until(`the weight ${weight} of port ${port}`, () => weightOf(port) === weight);

async function documentOf(daemon: DaemonInProcess, ...args: string[]): Promise<HealthDocument> {
  const { stdout, status } = await daemon.run('health', '-o', 'json', ...args);
  expect(status).toBe(0);
  const document: unknown = JSON.parse(stdout);
  expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true);
  if (!isHealthDocument(document)) throw new Error('the shape and the schema differ');
  return document;
}

describe('a daemon that checks', () => {
  it('takes a dead server out, tells everywhere, and brings it back', async () => {
    const [alive, dead] = [await serve(), await serve()];
    write([alive.port, dead.port]);
    const daemon = await start();
    expect([weightOf(alive.port), weightOf(dead.port)]).toEqual([4, 4]);
    dead.server.close();
    await becomes(dead.port, 0);
    expect(weightOf(alive.port)).toBe(4);

    const { destinations, effects } = await documentOf(daemon, 'shop', `127.0.0.1:${dead.port}`);
    expect(destinations).toMatchObject([
      { healthy: false, check: 'tcp', name: 'shop', last_answer: { reason: 'connection refused' } },
    ]);
    expect(effects).toMatchObject([{ effect: 'out', weight: 0, own_weight: 4 }]);
    const { stdout } = await daemon.run('health');
    expect(stdout).toMatch(/shop \(tcp:\/\/192\.0\.2\.1:80\)\n.*healthy .*\n.*unhealthy .*refused/);
    await until('a status that tells it', async () =>
      (await daemon.run('status')).stdout.includes('Checked:    127.0.0.1'),
    );
    expect(daemon.events('health')).toMatchObject([
      { level: 'warn', healthy: false, reason: 'connection refused' },
    ]);
    const { body } = await daemon.get('/metrics');
    const labels = `service="${SHOP}",destination="127.0.0.1:${dead.port}"`;
    expect(body).toContain(`ipvstate_destination_healthy{${labels}} 0`);
    expect(body).toContain(`ipvstate_health_transitions_total{service="${SHOP}"} 1`);
    expect(body).toContain(`ipvstate_health_check_duration_seconds_count{service="${SHOP}"}`);
    const shown = JSON.parse((await daemon.get('/api/v1/services?service=shop')).body).services[0];
    expect(shown.state).toBe('unhealthy');
    expect(shown.destinations_list).toContainEqual(
      expect.objectContaining({
        destination: `127.0.0.1:${dead.port}`,
        health: expect.objectContaining({ state: 'unhealthy', reason: 'connection refused' }),
      }),
    );
    expect((await daemon.run('history')).stdout).toContain('health');
    // The states are stored while the table changes.
    await until('an explanation that tells it', async () =>
      /health: .*unhealthy/.test((await daemon.run('explain', 'shop', '-f', file)).stdout),
    );

    // Commands without checks of their own keep what the daemon found.
    const plan = await daemon.run('plan', '-f', file, '--detailed-exitcode');
    expect(plan.status).toBe(0);
    expect(plan.stdout + plan.stderr).toContain('health keeps');
    expect((await daemon.run('check', '-f', file)).status).toBe(0);

    // A restart does not begin with traffic to the dead server.
    await daemon.stop();
    const again = await start();
    expect(weightOf(dead.port)).toBe(0);
    await serve(dead.port);
    await becomes(dead.port, 4);
    await until('nothing to treat', async () => (await documentOf(again)).effects.length === 0);
  });

  it('leaves the last destination in, and uses a fallback where there is one', async () => {
    const [first, sorry] = [await serve(), await serve()];
    write([first.port]);
    const daemon = await start();
    first.server.close();
    await until('the panic', () => daemon.events('health-panic').length === 1);
    expect(weightOf(first.port)).toBe(4);
    const { stdout, status } = await daemon.run('status');
    expect([status, stdout]).toEqual([0, expect.stringMatching(/State: +panic: more servers/)]);
    expect(await daemon.get('/readyz')).toMatchObject({ status: 503 });
    expect((await daemon.get('/metrics')).body).toContain('ipvstate_health{state="panic"} 1');
    expect((await daemon.run('reload')).status).toBe(2);
    const more = `, fallback: [{ address: "127.0.0.1:${sorry.port}", weight: 7, forward: masq }]`;
    write([first.port], more);
    await becomes(first.port, 0);
    await becomes(sorry.port, 7);
    await until('the end of the panic', () => daemon.events('health-panic-over').length === 1);
    expect((await daemon.run('health')).stdout).toContain('takes the traffic');
    await serve(first.port);
    await becomes(first.port, 4);
    await becomes(sorry.port, 0);
  });

  it('removes a dead server where on_failure says so, tells everywhere, and adds it again', async () => {
    const [alive, dead] = [await serve(), await serve()];
    write([alive.port, dead.port], ', on_failure: remove');
    const daemon = await start();
    const isLive = (port: number): boolean => weightOf(port) !== undefined;
    expect([weightOf(alive.port), weightOf(dead.port)]).toEqual([4, 4]);
    dead.server.close();
    await until('the removal', () => !isLive(dead.port));
    expect(weightOf(alive.port)).toBe(4);
    const key = `127.0.0.1:${dead.port}`;
    // The pass ends after the removal, and then the document has its effect.
    await until(
      'a document that tells it',
      async () => (await documentOf(daemon, 'shop', key)).effects.length > 0,
    );
    const { destinations, effects } = await documentOf(daemon, 'shop', key);
    expect(destinations).toMatchObject([{ healthy: false }]);
    expect(effects).toMatchObject([{ effect: 'removed', weight: 0, own_weight: 4 }]);
    await until('a status that tells it', async () =>
      /unhealthy for \S+,\s+and\s+removed:\s+connection\s+refused/.test(
        (await daemon.run('status')).stdout,
      ),
    );
    expect((await daemon.run('status')).stdout).toContain('in sync');
    const shown = JSON.parse((await daemon.get('/api/v1/services?service=shop')).body).services[0];
    expect(shown).toMatchObject({ state: 'unhealthy', destinations: 1, usable: 1 });
    expect(shown.destinations_list).toContainEqual(
      expect.objectContaining({
        ...{ destination: key, live: false, weight: { live: null, desired: null } },
        health: expect.objectContaining({ state: 'unhealthy', reason: 'connection refused' }),
      }),
    );
    await until('an explanation that tells it', async () =>
      /health: unhealthy.*removed/.test(
        (await daemon.run('explain', 'shop', key, '-f', file)).stdout,
      ),
    );

    // Commands without checks of their own keep what the daemon found.
    const plan = await daemon.run('plan', '-f', file, '--detailed-exitcode');
    expect([plan.status, plan.stdout + plan.stderr]).toEqual([
      0,
      expect.stringContaining(`health keeps ${key} of ${SHOP} out of the table`),
    ]);
    expect((await daemon.run('check', '-f', file)).status).toBe(0);

    // A restart does not begin with traffic to the dead server, and an override counts more.
    await daemon.stop();
    const again = await start('--interval', '1h');
    expect(isLive(dead.port)).toBe(false);
    await again.run('drain', 'shop', key);
    expect(isLive(dead.port)).toBe(false);
    await again.run('weight', 'shop', key, '2');
    await again.run('undrain', 'shop', key);
    await becomes(dead.port, 2);
    await again.run('undrain', 'shop', key);
    await again.run('overrides', 'clear');
    await until('the removal after the override', () => !isLive(dead.port));
    await serve(dead.port);
    await becomes(dead.port, 4);
  });

  it('writes nothing while it is paused, and an override counts more', async () => {
    const [alive, dead] = [await serve(), await serve()];
    write([alive.port, dead.port]);
    const daemon = await start();
    await daemon.run('pause');
    dead.server.close();
    await until('an unhealthy destination', () => daemon.events('health').length === 1);
    expect(weightOf(dead.port)).toBe(4);
    await daemon.run('resume');
    expect(weightOf(dead.port)).toBe(0);
    await daemon.run('weight', 'shop', `127.0.0.1:${dead.port}`, '2');
    expect(weightOf(dead.port)).toBe(2);
    await daemon.run('undrain', 'shop', `127.0.0.1:${dead.port}`);
    await daemon.run('overrides', 'clear');
    await becomes(dead.port, 0);
  });
});

describe('a daemon whose files have commands', () => {
  /** Two destinations, of which the command finds unhealthy those that a file names. */
  async function writeCommands(): Promise<string> {
    const bad = join(folder, 'bad');
    const script = `! grep -q $IPVSTATE_PORT ${bad} 2>/dev/null || { echo $IPVSTATE_SERVICE; exit 3; }`;
    const argv = JSON.stringify(['/bin/sh', '-c', script]);
    write([1, 2], `, command: { argv: ${argv} }`, '');
    return bad;
  }

  it('does not run them without --allow-commands, and says so', async () => {
    const bad = await writeCommands();
    writeFileSync(bad, '1 2');
    const daemon = await start();
    await until('a check', async () =>
      (await documentOf(daemon)).destinations.every(({ last_answer }) => last_answer !== null),
    );
    const { destinations, effects } = await documentOf(daemon);
    expect(effects).toEqual([]);
    for (const row of destinations)
      expect(row).toMatchObject({
        ...{ healthy: true, check: 'command sh' },
        last_answer: {
          verdict: 'unknown',
          reason: 'the command is not run without --allow-commands',
        },
      });
    expect(daemon.events('health-commands')).toMatchObject([{ level: 'warn', destinations: 2 }]);
    expect([weightOf(1), weightOf(2)]).toEqual([4, 4]);
    const once = await documentOf(daemon, '--once', '-f', file);
    expect(once.destinations.map(({ healthy }) => healthy)).toEqual([null, null]);
  });

  it('says that the health is not known while they cannot be started', async () => {
    write([1, 2], `, command: { argv: [${JSON.stringify(join(folder, 'none'))}] }`, '');
    const daemon = await start('--allow-commands');
    await until('a warning', () => daemon.events('health-unknown').length > 0);
    const reason = expect.stringContaining('does not exist');
    expect(daemon.events('health-unknown')).toMatchObject([{ level: 'warn', reason }]);
    expect([weightOf(1), weightOf(2)]).toEqual([4, 4]);
  });

  it('runs them with --allow-commands', async () => {
    const bad = await writeCommands();
    writeFileSync(bad, '');
    const daemon = await start('--allow-commands');
    writeFileSync(bad, '2');
    await becomes(2, 0);
    expect(weightOf(1)).toBe(4);
    const { destinations } = await documentOf(daemon, 'shop', '127.0.0.1:2');
    expect(destinations).toMatchObject([{ last_answer: { reason: `exit code 3: ${SHOP}` } }]);
    expect(daemon.events('health-commands')).toEqual([]);
    const once = await documentOf(daemon, '--once', '-f', file, '--allow-commands');
    expect(once.destinations.map(({ healthy }) => healthy)).toEqual([true, false]);
    writeFileSync(bad, '');
    await becomes(2, 4);
  });
});

describe('ipvstate health', () => {
  it('--once checks without a daemon', async () => {
    const [alive, dead] = [await serve(), await serve()];
    write([alive.port, dead.port]);
    dead.server.close();
    const daemon = new DaemonInProcess(join(folder, 'daemon'), [], async () => kernel);
    const { destinations } = await documentOf(daemon, '--once', '-f', file);
    expect(destinations.map(({ healthy }) => healthy)).toEqual([true, false]);
    const one = await documentOf(daemon, '--once', '-f', file, 'shop', `127.0.0.1:${dead.port}`);
    expect(one.destinations).toMatchObject([{ last_answer: { reason: 'connection refused' } }]);
  });

  it.each([
    ['health nothing', 64, 'no service has the name'],
    ['health --once shop 10.9.9.9', 64, 'has no destination'],
    ['health --once nothing', 64, 'no service has the name'],
    ['health shop 10.9.9.9', 64, 'has no destination'],
  ])('%s is refused', async (line, code, message) => {
    write([(await serve()).port]);
    const daemon = await start();
    const words = line.split(' ');
    const files = words.includes('--once') ? ['-f', file] : [];
    const { status, stderr } = await daemon.run(...words, ...files);
    expect([status, stderr]).toEqual([code, expect.stringContaining(message)]);
  });

  it('--once does not know the health of a server that this machine cannot check', async () => {
    write([(await serve()).port], ', from: 192.0.2.77');
    const daemon = new DaemonInProcess(join(folder, 'daemon'), [], async () => kernel);
    const { destinations } = await documentOf(daemon, '--once', '-f', file);
    expect(destinations).toMatchObject([{ healthy: null, last_answer: { verdict: 'unknown' } }]);
    const { status, stdout } = await daemon.run('health', '--once', '-f', file);
    expect(status).toBe(0);
    expect(stdout).toMatch(/ tcp +unknown .*\n +cannot check: the source address/);
  });

  it('says that a service has no health checks', async () => {
    writeFileSync(
      file,
      `version: 1\nservices: [{ address: "${SHOP}", name: shop, destinations: ["127.0.0.1:1"] }]\n`,
    );
    const daemon = new DaemonInProcess(join(folder, 'daemon'), [], async () => kernel);
    const { status, stderr } = await daemon.run(
      ...['health', '--once', '-f', file, 'shop', '127.0.0.1:1'],
    );
    expect(status).toBe(64);
    expect(stderr).toContain(`${SHOP} has no destination with a health check`);
    expect(stderr).toContain('help health-checks');
  });
});
