import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openEtcd } from '../../src/sources/etcd/client.ts';
// @ts-expect-error The list of programs is plain JavaScript: CI runs it without a build.
import { pathOf } from '../kernel/boot/debian.js';
import { until } from './until.ts';

/** Debian's etcd. undefined where `ETCD=optional` allows that it is not installed. */
export const ETCD: string | undefined =
  pathOf('etcd') ?? (process.env.ETCD === 'optional' ? undefined : 'etcd');

/** One member of etcd on this machine, in a process of its own, with data in a folder. */
export class RealEtcd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipvstate-etcd-'));
  #child: ChildProcess | undefined;
  #port = 0;

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Starts a member. etcd cannot choose a port itself, so a port that was taken is replaced. */
  async start(): Promise<this> {
    for (let attempt = 0; attempt < 5; attempt++) {
      this.#port = await freePort();
      const peer = `http://127.0.0.1:${await freePort()}`;
      const client = `http://${this.host}`;
      const child = spawn(
        ETCD ?? '',
        [
          ...['--data-dir', this.#folder, '--unsafe-no-fsync', '--logger', 'zap'],
          ...['--heartbeat-interval', '50', '--election-timeout', '500'],
          ...['--listen-client-urls', client, '--advertise-client-urls', client],
          ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
          ...['--initial-cluster', `default=${peer}`],
        ],
        { stdio: 'ignore' },
      );
      this.#child = child;
      const hasEnded = new Promise<'ended'>((resolve) => child.on('exit', () => resolve('ended')));
      const asked = openEtcd({ hosts: [this.host], prefix: '/' }, {});
      const isReady = until('etcd answers', () => asked.get('/').then(() => true)).then(
        () => 'ready' as const,
      );
      if ((await Promise.race([hasEnded, isReady])) === 'ready') return this;
      rmSync(this.#folder, { recursive: true, force: true });
    }
    throw new Error('etcd does not start');
  }

  async stop(): Promise<void> {
    const child = this.#child;
    if (child && child.exitCode === null) {
      const hasEnded = new Promise((resolve) => child.on('exit', resolve));
      child.kill('SIGKILL');
      await hasEnded;
    }
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
