// Three members of etcd, each in a network namespace of its own, which speak TLS with each other
// and with their clients.
import { execFile, spawn } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { addHost } from './hosts.js';
import { until } from './until.js';

const MEMBERS = 3;
/** A member refuses to write more than that. */
const QUOTA_BYTES = 16 * 1024 * 1024;

export class Cluster {
  #folder;
  #authority;
  #members;
  /** Members with one token that were formed anew are another cluster. */
  #formed = 0;

  constructor(folder, authority) {
    this.#folder = folder;
    this.#authority = authority;
    this.#members = Array.from({ length: MEMBERS }, (_, index) => {
      const name = `etcd${index + 1}`;
      const host = addHost(name, 101 + index);
      const peer = authority.issue(`${name}-peer`, host.address);
      return { name, ...host, ...authority.issue(name, host.address), peer, child: undefined };
    });
  }

  get names() {
    return this.#members.map(({ name }) => name);
  }

  get hosts() {
    return this.#members.map(({ address }) => `${address}:2379`).join(',');
  }

  async start() {
    this.#formed++;
    for (const name of this.names) this.run(name);
    await this.ready();
  }

  /** Starts the process of a member. */
  run(name) {
    const member = this.#find(name);
    const { address, netns } = member;
    const client = `https://${address}:2379`;
    const peer = `https://${address}:2380`;
    const ca = this.#authority.certificate;
    const tls = [
      ...['--cert-file', member.certificate, '--key-file', member.key, '--trusted-ca-file', ca],
      ...['--peer-cert-file', member.peer.certificate, '--peer-key-file', member.peer.key],
      ...['--peer-trusted-ca-file', ca, '--client-cert-auth', '--peer-client-cert-auth'],
    ];
    member.child = spawn(
      'ip',
      [
        ...['netns', 'exec', netns, 'etcd', '--name', name, '--data-dir', this.#data(name)],
        ...['--listen-client-urls', `${client},https://127.0.0.1:2379`],
        ...['--advertise-client-urls', client],
        ...['--listen-peer-urls', peer, '--initial-advertise-peer-urls', peer],
        ...['--initial-cluster', this.#peers(), '--initial-cluster-token', `${this.#formed}`],
        ...[...tls, '--unsafe-no-fsync'],
        ...['--quota-backend-bytes', String(QUOTA_BYTES), '--logger', 'zap'],
      ],
      { stdio: 'ignore' },
    );
  }

  /** Starts the members that do not run. */
  async runAll() {
    for (const name of this.names) if (!this.#isRunning(name)) this.run(name);
    await this.ready();
  }

  #isRunning(name) {
    const { child } = this.#find(name);
    return child !== undefined && child.exitCode === null && child.signalCode === null;
  }

  /** Signs the certificates for clients again. With -1 for `days`, they expired yesterday. */
  sign(days) {
    for (const name of this.names) this.#authority.sign(name, days);
  }

  /** Waits until a majority answers. */
  async ready() {
    await until('etcd has a leader', () =>
      this.etcdctl(['get', '/'])
        .then(() => true)
        .catch(() => false),
    );
  }

  async kill(name) {
    if (!this.#isRunning(name)) return;
    const { child } = this.#find(name);
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }

  async killAll() {
    for (const name of this.names) await this.kill(name);
  }

  /** Removes the data of all members, which do not run. */
  clear() {
    for (const name of this.names) rmSync(this.#data(name), { recursive: true, force: true });
  }

  async save(file) {
    await this.etcdctl(['snapshot', 'save', file], [this.#members[0]]);
  }

  /** Puts a saved state into every member, none of which runs. */
  async restore(file) {
    this.clear();
    for (const { name, address } of this.#members)
      await promisify(execFile)('etcdctl', [
        ...['snapshot', 'restore', file, '--name', name, '--data-dir', this.#data(name)],
        ...['--initial-cluster', this.#peers(), '--initial-cluster-token', `${this.#formed + 1}`],
        ...['--initial-advertise-peer-urls', `https://${address}:2380`],
      ]);
  }

  /** The name of the leader. After a member has come back, there may be none for a moment. */
  async leader() {
    let leader;
    await until('etcd has a leader', async () => {
      for (const member of this.#members) {
        const asked = this.etcdctl(['endpoint', 'status', '-w', 'json'], [member]);
        const [found] = JSON.parse(await asked.catch(() => '[]'));
        if (found && found.Status.leader === found.Status.header.member_id) leader = member.name;
      }
      return leader !== undefined;
    });
    return leader;
  }

  /** Compacts the history up to now, and gives the space back to each member. */
  async compact() {
    const [status] = JSON.parse(await this.etcdctl(['endpoint', 'status', '-w', 'json']));
    await this.etcdctl(['compact', String(status.Status.header.revision)]);
    for (const member of this.#members) await this.etcdctl(['defrag'], [member]);
  }

  /** Writes values until etcd has no room. Returns how many. */
  async fill() {
    const file = join(this.#folder, 'filling');
    writeFileSync(file, 'x'.repeat(1_000_000));
    for (let count = 0; count < 100; count++) {
      const command = `etcdctl put /filling/${count} < ${file}`;
      const answer = await this.#shell(command).catch(({ stderr }) => stderr);
      if (answer.includes('space exceeded')) return count;
    }
    throw new Error('etcd is not full');
  }

  /** Removes what filled etcd, and makes it writable again. */
  async empty() {
    await this.etcdctl(['del', '--prefix', '/filling/']);
    await this.compact();
    await this.etcdctl(['alarm', 'disarm']);
  }

  /** Runs `etcdctl` as the operator, with some of the members. */
  async etcdctl(args, members = this.#members) {
    const { stdout } = await promisify(execFile)('etcdctl', args, { env: this.#env(members) });
    return stdout;
  }

  async #shell(command) {
    const { stdout } = await promisify(execFile)('sh', ['-c', command], {
      env: this.#env(this.#members),
    });
    return stdout;
  }

  #env(members) {
    return {
      ...process.env,
      ETCDCTL_API: '3',
      // On a machine that does much else, 5 s are not enough.
      ETCDCTL_COMMAND_TIMEOUT: '60s',
      ETCDCTL_ENDPOINTS: members.map(({ address }) => `https://${address}:2379`).join(','),
      ETCDCTL_CACERT: this.#authority.certificate,
      ETCDCTL_CERT: members[0].peer.certificate,
      ETCDCTL_KEY: members[0].peer.key,
    };
  }

  #find(name) {
    return this.#members.find((member) => member.name === name);
  }

  #data(name) {
    return join(this.#folder, name);
  }

  #peers() {
    return this.#members.map(({ name, address }) => `${name}=https://${address}:2380`).join(',');
  }
}
