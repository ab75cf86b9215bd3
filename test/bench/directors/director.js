// A director: `ipvstate watch` in a network namespace of its own.
import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { addHost } from './hosts.js';

export class Director {
  name;
  #folder;
  #cli;
  #argv;
  #env;
  #child;

  /** `env` has the access to etcd. */
  constructor(name, { number, folder, cli, configuration, env }) {
    this.name = name;
    this.#folder = join(folder, name);
    this.#cli = cli;
    addHost(name, number);
    mkdirSync(this.#folder);
    this.#env = {
      ...{ ...process.env, ...env, NO_COLOR: '1' },
      IPVSTATE_RUNTIME_DIR: join(this.#folder, 'run'),
      IPVSTATE_STATE_DIR: join(this.#folder, 'state'),
    };
    this.#argv = ['watch', '-f', configuration, '--node', name, '--listen', `unix:${this.#socket}`];
  }

  get #socket() {
    return join(this.#folder, 'http.sock');
  }

  get #log() {
    return join(this.#folder, 'log');
  }

  start() {
    const log = openSync(this.#log, 'a');
    const argv = ['netns', 'exec', this.name, process.execPath, this.#cli, ...this.#argv];
    this.#child = spawn('ip', argv, { env: this.#env, stdio: ['ignore', log, log] });
    closeSync(log);
  }

  get isRunning() {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  async kill(signal = 'SIGKILL') {
    const child = this.#child;
    if (!this.isRunning) return;
    const ended = new Promise((resolve) => child.on('exit', resolve));
    child.kill(signal);
    await ended;
    if (signal === 'SIGKILL') rmSync(this.#socket, { force: true });
  }

  /** The status of the daemon. undefined: it does not answer. */
  status() {
    return new Promise((resolve) => {
      const asked = request({ socketPath: this.#socket, path: '/status' }, (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (chunk) => {
          text += chunk;
        });
        // A daemon that is starved ends the connection before it has sent all.
        response.on('end', () => resolve(text.endsWith('}\n') ? JSON.parse(text) : undefined));
        response.on('error', () => resolve(undefined));
      });
      asked.on('error', () => resolve(undefined));
      asked.end();
    });
  }

  /** Tells whether its table was made as a generation says, and is so. */
  async has(generation) {
    const status = await this.status();
    return (
      ['in-sync', 'draining'].includes(status?.health) &&
      status.fleet.generation.applied === generation
    );
  }

  /** The table of the kernel, as save text, without what drains. */
  table() {
    const argv = ['netns', 'exec', this.name, 'ipvsadm', '-Sn'];
    const text = execFileSync('ip', argv, { encoding: 'utf8' });
    return text.replaceAll(/^.* -w 0(?: .*)?\n/gm, '');
  }

  /** The weight by which the generations of this bench differ. */
  mark() {
    return Number(/ -r 192\.0\.2\.21:80 .*-w (\d+)/.exec(this.table())?.[1] ?? 0);
  }

  log() {
    return readFileSync(this.#log, 'utf8');
  }
}
