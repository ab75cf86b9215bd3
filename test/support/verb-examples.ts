import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadVerbs } from '../../src/cli/verbs.ts';
import { withProgram } from './program.ts';

/** A configuration in canonical form: an example of `fmt` asks for it. */
const CONFIG = `version: 1

services:
  - name: shop
    address: tcp://192.0.2.10:443
    destinations:
      - 10.1.0.11
      - { address: 10.1.0.12, weight: 3 }
`;

/** Rules as ipvsadm saves them. */
export const RULES = '-A -u 192.0.2.53:53 -s rr\n-a -u 192.0.2.53:53 -r 10.1.0.53:53 -g -w 1\n';

const SCRIPT = 'VIP=192.0.2.53\ncase $1 in start) ipvsadm -A -u $VIP:53 -s rr ;; esac\n';

const VERBS = (await loadVerbs([])).filter(({ job }) => job !== 'hidden');

/** Verbs whose examples need neither a kernel with IPVS nor root. */
const WITHOUT_KERNEL: readonly string[] = [
  ...['validate', 'explain', 'fmt', 'schema', 'completion', 'help'],
];

/** Verbs whose examples need a member of etcd at `ETCD_HOST`. */
const WITH_ETCD: readonly string[] = ['push', 'generations', 'fleet'];
export const ETCD_HOST = 'etcd1:2379';

/** The verbs whose examples run on any machine, or need etcd, or a kernel with IPVS. */
export const EXAMPLES = {
  anywhere: VERBS.filter(({ name }) => WITHOUT_KERNEL.includes(name)),
  onEtcd: VERBS.filter(({ name }) => WITH_ETCD.includes(name)),
  onKernel: VERBS.filter(({ name }) => ![...WITHOUT_KERNEL, ...WITH_ETCD].includes(name)),
};

export interface Example {
  /** Resolves when the line has ended. */
  readonly end: Promise<{ readonly status: number | null; readonly output: string }>;
  readonly stop: () => void;
}

/** The folder in which the lines of examples run, with the files and programs that they name. */
export class ExampleFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'ipvstate-examples-'));
  readonly env: NodeJS.ProcessEnv;

  constructor() {
    mkdirSync(join(this.path, 'conf.d'));
    this.writeFiles();
    this.env = {
      ...withProgram(this.path),
      IPVSTATE_RUNTIME_DIR: join(this.path, 'run'),
      IPVSTATE_STATE_DIR: join(this.path, 'state'),
    };
    this.#program('smoke-test', 'true');
    this.#program('bin/logger', 'echo "$@"');
    this.#program('bin/ssh', 'shift; exec "$@"');
    for (const name of ['jq', 'less']) this.#program(`bin/${name}`, 'cat');
  }

  /** Writes the files as they were before an example wrote them. */
  writeFiles(): void {
    for (const name of ['ipvs.yaml', 'conf.d/shop.yaml', 'yesterday.yaml'])
      writeFileSync(join(this.path, name), CONFIG);
    writeFileSync(join(this.path, 'ipvsadm.rules'), RULES);
    writeFileSync(join(this.path, 'lvs.sh'), SCRIPT);
  }

  #program(name: string, text: string): void {
    writeFileSync(join(this.path, name), `#!/bin/sh\n${text}\n`);
    chmodSync(join(this.path, name), 0o755);
  }

  /** Starts a line in a shell. */
  start(line: string): Example {
    const child = spawn('bash', ['--norc', '-c', line], {
      ...{ cwd: this.path, env: this.env, detached: true },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (text) => {
        output += text;
      });
    }
    return {
      end: new Promise((resolve) => child.on('close', (status) => resolve({ status, output }))),
      stop: () => process.kill(-(child.pid ?? 0), 'SIGTERM'),
    };
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
