import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openEtcd } from '../../src/sources/etcd/client.ts';
// @ts-expect-error The list of programs is plain JavaScript: CI runs it without a build.
import { pathOf } from '../kernel/boot/debian.js';
import type { Certificate } from './certificates.ts';
import { until } from './until.ts';

/** Debian's etcd. undefined where `ETCD=optional` allows that it is not installed. */
export const ETCD: string | undefined =
  pathOf('etcd') ?? (process.env.ETCD === 'optional' ? undefined : 'etcd');

interface Options {
  readonly name?: string;
  /** Further options of the program. */
  readonly args?: readonly string[];
  /** With it, clients must use TLS. */
  readonly certificate?: Certificate;
}

/** One member of etcd on this machine, in a process of its own, with data in a folder. */
export class RealEtcd {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipvstate-etcd-'));
  readonly #options: Options;
  #child: ChildProcess | undefined;
  #port = 0;
  #peerPort = 0;
  /** The members of its cluster, itself included. */
  #members: readonly RealEtcd[] = [this];

  constructor(options: Options = {}) {
    this.#options = options;
  }

  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** Starts several members of one cluster. */
  static async startCluster(count: number): Promise<readonly RealEtcd[]> {
    const members = Array.from(
      { length: count },
      (_, index) => new RealEtcd({ name: `m${index}` }),
    );
    for (let attempt = 0; attempt < 5; attempt++) {
      for (const member of members) {
        member.#members = members;
        await member.#choosePorts();
      }
      const begun = await Promise.all(members.map((member) => member.#begin()));
      if (begun.every(Boolean)) return members;
      for (const member of members) await member.stop();
    }
    throw new Error('etcd does not start');
  }

  async #choosePorts(): Promise<void> {
    this.#port = await freePort();
    this.#peerPort = await freePort();
  }

  get #name(): string {
    return this.#options.name ?? 'default';
  }

  get #peer(): string {
    return `http://127.0.0.1:${this.#peerPort}`;
  }

  /** Starts a member. etcd cannot choose a port itself, so a port that was taken is replaced. */
  async start(): Promise<this> {
    for (let attempt = 0; attempt < 5; attempt++) {
      await this.#choosePorts();
      if (await this.#begin()) return this;
      this.clear();
    }
    throw new Error('etcd does not start');
  }

  /** Starts the member that was killed again, on the same ports. */
  async restart(): Promise<void> {
    if (!(await this.#begin())) throw new Error('etcd does not start again');
  }

  async #begin(): Promise<boolean> {
    const { args = [], certificate } = this.#options;
    const peer = this.#peer;
    const client = `${certificate ? 'https' : 'http'}://${this.host}`;
    const child = spawn(
      ETCD ?? '',
      [
        ...['--data-dir', this.#folder, '--unsafe-no-fsync', '--logger', 'zap'],
        ...['--heartbeat-interval', '50', '--election-timeout', '500'],
        ...['--listen-client-urls', client, '--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--name', this.#name, '--initial-cluster'],
        this.#members.map((member) => `${member.#name}=${member.#peer}`).join(','),
        ...(certificate ? ['--cert-file', certificate.cert, '--key-file', certificate.key] : []),
        ...args,
      ],
      { stdio: 'ignore' },
    );
    this.#child = child;
    const hasEnded = new Promise<'ended'>((resolve) => child.on('exit', () => resolve('ended')));
    const { ca, cert, key } = certificate ?? {};
    const env = {
      IPVSTATE_ETCD_CACERT: ca,
      // A member can ask for one, and takes its own.
      ...{ IPVSTATE_ETCD_CERT: cert, IPVSTATE_ETCD_KEY: key },
    };
    const asked = openEtcd({ hosts: [this.host], prefix: '/' }, env);
    const isReady = until('etcd answers', async () => {
      const answer = await asked.get('/').catch((error: Error) => error.message);
      return typeof answer !== 'string' || answer.includes('user name is empty');
    });
    return (await Promise.race([hasEnded, isReady])) !== 'ended';
  }

  /** Runs `etcdctl` on this member. Returns what it prints. */
  async etcdctl(...args: readonly string[]): Promise<string> {
    const { certificate } = this.#options;
    const { stdout } = await promisify(execFile)('etcdctl', [...args], {
      env: {
        ...process.env,
        ETCDCTL_API: '3',
        ETCDCTL_ENDPOINTS: this.host,
        ...(certificate && { ETCDCTL_CACERT: certificate.ca }),
      },
    });
    return stdout;
  }

  /** Tells whether it is the leader of its cluster. */
  async isLeader(): Promise<boolean> {
    const [{ Status: status }] = JSON.parse(await this.etcdctl('endpoint', 'status', '-w', 'json'));
    return status.leader === status.header.member_id;
  }

  /** Ends the process at once. Its data stay. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (!child || child.exitCode !== null || child.signalCode !== null) return;
    const hasEnded = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await hasEnded;
  }

  /** Stops the process, which answers nothing then, or lets it go on. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): void {
    this.#child?.kill(signal);
  }

  /** Removes all data. */
  clear(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Copies all data of a member that was killed, for `restore`. */
  backup(): void {
    cpSync(this.#folder, `${this.#folder}.backup`, { recursive: true });
  }

  restore(): void {
    this.clear();
    cpSync(`${this.#folder}.backup`, this.#folder, { recursive: true });
  }

  async stop(): Promise<void> {
    await this.kill();
    this.clear();
    rmSync(`${this.#folder}.backup`, { recursive: true, force: true });
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
