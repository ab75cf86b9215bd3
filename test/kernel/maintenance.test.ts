import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openKernel } from '../../src/kernel/netlink/client.ts';
import { layNetwork, startTraffic, takeNetworkAway } from '../bench/network.js';
import { type Block, readBlocks } from '../manual/blocks.ts';
import { readDocument } from '../manual/documents.ts';
import { DaemonProcess } from '../support/daemon.ts';
import { withProgram } from '../support/program.ts';
import { until } from '../support/until.ts';
import { ipvsadm } from './real-programs.ts';

const REQUESTS = 2000;

const blocks = readBlocks(readDocument('src/manual/maintenance.md'));
const terminals = blocks.filter(({ language }) => language === 'text');

let folder: string;
let daemon: DaemonProcess;
let traffic: Awaited<ReturnType<typeof startTraffic>>;

beforeAll(async () => {
  await ipvsadm('-C');
  // As long as the folder of the page, because lines of the history are cut at 80 columns.
  folder = mkdtempSync('/run/lv');
  for (const { file, text } of blocks)
    if (file !== undefined) writeFileSync(join(folder, file), text);
  layNetwork();
  daemon = new DaemonProcess(join(folder, 'daemon'), ['-f', join(folder, 'shop.yaml')], openKernel);
  await daemon.start();
  traffic = await startTraffic();
});

afterAll(async () => {
  traffic.stop();
  await daemon.stop('SIGKILL');
  takeNetworkAway();
  await ipvsadm('-C');
  rmSync(folder, { recursive: true, force: true });
});

/** Resolves when the kernel's table has the weight. */
function weightOf(server: string, weight: number): Promise<void> {
  return until(`weight ${weight} of ${server}`, async () =>
    (await ipvsadm('-Sn')).includes(`-r ${server}:8080 -m -w ${weight}\n`),
  );
}

/** Runs the commands of a block in one shell. Returns them with their outputs. */
function run({ text }: Block): string {
  const commands = text.split('\n').filter((line) => line.startsWith('$ '));
  const { PATH } = withProgram(folder);
  const env = { ...daemon.env, PATH };
  const outputs = commands.map((line) => {
    const script = `exec 2>&1; ${line.slice(2)}`;
    return spawnSync('sh', ['-c', script], { cwd: folder, env, encoding: 'utf8' }).stdout;
  });
  return commands.map((line, index) => `${line}\n${outputs[index]}`).join('');
}

/** Runs the commands of a block as `run` does, in this process. */
async function runHere({ text }: Block): Promise<string> {
  const shown: string[] = [];
  for (const line of text.split('\n').filter((each) => each.startsWith('$ ipvstate '))) {
    const words = line.match(/'[^']*'|\S+/g)?.slice(2) ?? [];
    const plain = words.map((word) => word.replaceAll("'", ''));
    const argv = plain.map((word) => (word === 'shop.yaml' ? join(folder, word) : word));
    const { stdout, stderr } = await daemon.run(...argv);
    shown.push(`${line}\n${stdout}${stderr}`);
  }
  return shown.join('');
}

/** Replaces what differs from run to run: times, ids of runs, and connections. */
function masked(text: string): string {
  return text
    .replaceAll(folder, '/etc/ipvstate')
    .replaceAll(/\d{4}-\d\d-\d\d /g, '')
    .replaceAll(/(?<![\d.:])\d\d:\d\d(:\d\d)?(?!\d)/g, 'TIME')
    .replaceAll(/\b[a-z0-9]{8}-\d+-[a-z0-9]{6}\b/g, 'RUN')
    .replaceAll(/\bin \d+(\.\d+)? m?s\b/g, 'in TIME')
    .replaceAll(/ {2}drains \d+ active connections?/g, '');
}

const tell = (block: Block): void => expect(masked(run(block))).toBe(masked(block.text));
const tellHere = async (block: Block): Promise<void> =>
  expect(masked(await runHere(block))).toBe(masked(block.text));

it('a server is drained, the files change and the drain ends, and no request fails', async () => {
  const [drained, released, explained, ended, history, ...alone] = terminals;
  const [drainedAlone, endedAlone] = alone;
  if (!drained || !released || !explained || !ended || !history || !drainedAlone || !endedAlone)
    throw new Error('the page has other blocks');
  const sum = async (which: 0 | 1): Promise<number> =>
    Object.values(await traffic.counts()).reduce((total, each) => total + each[which], 0);
  tell(drained);
  const before = await sum(0);
  tell(released);
  await weightOf('10.98.0.22', 2);
  tell(explained);
  await until('enough requests', async () => (await sum(0)) - before > REQUESTS);
  // The next word of the same user about the same server: half an hour is over in a second.
  expect((await daemon.run('drain', 'shop', '10.98.0.21', '--for', '1s')).status).toBe(0);
  await weightOf('10.98.0.21', 3);
  // The daemon forgets an override after the kernel has the weight of the file.
  await until('the end of the override', async () =>
    (await daemon.run('overrides')).stdout.includes('every weight'),
  );
  await tellHere(ended);
  await until(
    'the end of its run',
    async () => !(await daemon.run('history', '--last', '1')).stdout.includes('unfinished'),
  );
  await tellHere(history);
  await daemon.stop();
  await tellHere(drainedAlone);
  await daemon.run('drain', 'shop', '10.98.0.22', '--for', '1s', '-f', join(folder, 'shop.yaml'));
  await until('the end of its time', async () =>
    (await daemon.run('overrides')).stdout.includes(', over: '),
  );
  await tellHere(endedAlone);
  expect(await sum(1)).toBe(0);
});
