// A fleet: etcd, directors, an operator, and clients with servers behind the first director.
import { spawn } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { layNetwork, SERVERS, startTraffic, VIP } from '../network.js';
import { Authority } from './certificates.js';
import { Cluster } from './cluster.js';
import { Director } from './director.js';
import { addBridge, reconnect } from './hosts.js';
import { until } from './until.js';

const PREFIX = '/ipvs/prod';

/** Few requests: all of this runs on one processor. A starved one answers late. */
const PACE = { loops: 2, pauseMilliseconds: 50, patienceMilliseconds: 30_000 };

/** Two sets of servers: each generation uses the other one, so that clients must move. */
const SETS = [SERVERS.slice(0, 3), SERVERS.slice(3)];

export class Fleet {
  cluster;
  authority;
  directors;
  /** The last generation that was pushed, and the mark that its files have. */
  generation = 0;
  mark = 0;
  #folder;
  #cli;
  #traffic;

  constructor(folder, cli, count) {
    this.#folder = folder;
    this.#cli = cli;
    addBridge();
    this.authority = new Authority(join(folder, 'certificates'));
    this.cluster = new Cluster(folder, this.authority);
    this.authority.issue('operator');
    this.directors = Array.from({ length: count }, (_, index) => {
      const name = `lb${index + 1}`;
      this.authority.issue(name);
      const access = { configuration: this.address, env: this.#access(name) };
      return new Director(name, { number: index + 1, folder, cli, ...access });
    });
    mkdirSync(this.#files);
  }

  get address() {
    return `etcd://${this.cluster.hosts}${PREFIX}`;
  }

  get #files() {
    return join(this.#folder, 'conf.d');
  }

  /** Starts etcd, pushes a first generation, and starts all directors. */
  async start() {
    layNetwork(this.directors[0].name);
    await this.cluster.start();
    await this.push();
    for (const director of this.directors) director.start();
    await this.untilAllHaveIt();
    this.#traffic = await startTraffic(PACE);
    await until('clients are served', async () => (await this.requests()).made > 10);
  }

  async stop() {
    this.#traffic?.stop();
    for (const director of this.directors) await director.kill();
    await this.cluster.killAll();
  }

  find(name) {
    return this.directors.find((director) => director.name === name);
  }

  /** The directors but for these. */
  others(...names) {
    return this.directors.filter(({ name }) => !names.includes(name));
  }

  /** Pushes files with the next mark, which use the other servers. Throws when that fails. */
  async push(...options) {
    const { status, stderr } = await this.tryPush(...options);
    if (status !== 0) throw new Error(`push: ${stderr}`);
  }

  async tryPush(...options) {
    const mark = this.mark + 1;
    writeFileSync(join(this.#files, 'web.yaml'), filesOf(mark));
    const push = ['push', '-f', this.#files, '--to', this.address, '-o', 'json', ...options];
    const result = await this.ipvstate(...push);
    if (result.status === 0) {
      this.mark = mark;
      this.generation = JSON.parse(result.stdout).current;
    }
    return result;
  }

  /** Writes the file that only one director has. undefined: it has none. */
  setNodeFile(name, text) {
    const folder = join(this.#files, 'nodes', name);
    rmSync(join(this.#files, 'nodes'), { recursive: true, force: true });
    if (text === undefined) return;
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'own.yaml'), `version: 1\nservices: []\n${text}`);
  }

  /** Notes that the files from before the last push are in force, as a new generation. */
  wentBack() {
    this.generation++;
    this.mark--;
  }

  /** Tells whether the tables of all directors are of the last push. */
  haveMark() {
    return this.directors.every((director) => director.mark() === this.mark);
  }

  /** Ends every fault that a failure has left, and waits until all directors are in sync. */
  async heal() {
    for (const name of [...this.cluster.names, ...this.directors.map((each) => each.name)])
      reconnect(name);
    this.setNodeFile('lb1', undefined);
    this.cluster.sign(1);
    for (const { name } of this.directors) this.authority.sign(name, 1);
    for (const director of this.directors) if (!director.isRunning) director.start();
    await this.cluster.runAll();
    if ((await this.tryPush()).status === 0) await this.untilAllHaveIt();
  }

  /** Runs the program as the operator. */
  ipvstate(...args) {
    const env = {
      ...{ ...process.env, ...this.#access('operator'), NO_COLOR: '1' },
      IPVSTATE_RUNTIME_DIR: join(this.#folder, 'operator/run'),
      IPVSTATE_STATE_DIR: join(this.#folder, 'operator/state'),
    };
    return new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [this.#cli, ...args], { env });
      const texts = { stdout: '', stderr: '' };
      for (const name of ['stdout', 'stderr']) {
        child[name].setEncoding('utf8');
        child[name].on('data', (chunk) => {
          texts[name] += chunk;
        });
      }
      child.on('error', reject);
      child.on('close', (status) => resolve({ status, ...texts }));
    });
  }

  fleet(action, ...options) {
    return this.ipvstate('fleet', action, this.address, ...options);
  }

  /** The exit code of `fleet status --wait` for the last generation. */
  async wait(timeout = '60s') {
    const options = ['--wait', String(this.generation), '--timeout', timeout];
    return (await this.fleet('status', ...options)).status;
  }

  /** Waits until directors have the last generation. Returns after how many seconds they had. */
  untilAllHaveIt(directors = this.directors) {
    const names = directors.map(({ name }) => name).join(', ');
    const { generation } = this;
    return until(
      `${names} ${directors.length === 1 ? 'has' : 'have'} generation ${generation}`,
      async () => {
        const have = await Promise.all(directors.map((director) => director.has(generation)));
        return have.every(Boolean);
      },
    );
  }

  /** Tells whether etcd knows that a director has the last generation. */
  async hasTold(name) {
    const key = `${PREFIX}/nodes/${name}/progress`;
    const text = await this.cluster.etcdctl(['get', key, '--print-value-only']);
    const { generation, stage } = text === '' ? {} : JSON.parse(text);
    return generation === this.generation && stage === 'taken';
  }

  /** The requests of the clients so far. */
  async requests() {
    const { fresh, kept } = await this.#traffic.counts();
    return { made: fresh[0] + kept[0], failed: fresh[1] + kept[1] };
  }

  /** The environment with the certificate of a name. */
  #access(name) {
    const path = (file) => join(this.#folder, 'certificates', file);
    return {
      IPVSTATE_ETCD_CACERT: this.authority.certificate,
      IPVSTATE_ETCD_CERT: path(`${name}.pem`),
      IPVSTATE_ETCD_KEY: path(`${name}-key.pem`),
    };
  }
}

function filesOf(mark) {
  const servers = SETS[mark % SETS.length].map((address) => `"${address}:8080"`).join(', ');
  return `version: 1
defaults: { forward: masq, drain: 2m }
services:
  - { name: web, address: "tcp://${VIP}:80", scheduler: rr, destinations: [${servers}] }
  - name: mark
    address: tcp://192.0.2.20:80
    destinations: [{ address: "192.0.2.21:80", weight: ${mark} }]
`;
}
