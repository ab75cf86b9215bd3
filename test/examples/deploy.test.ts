import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { parseConfig } from '../../src/config/parse.ts';
import { withProgram } from '../support/program.ts';

const DEPLOY = fileURLToPath(new URL('../../examples/deploy/', import.meta.url));

let folder: string;
let env: NodeJS.ProcessEnv;
let config: string;
let live: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-deploy-'));
  env = withProgram(folder);
  config = join(folder, 'ipvs.yaml');
  live = join(folder, 'live.save');
  writeFileSync(live, '-A -t 192.0.2.1:80 -s wlc\n-a -t 192.0.2.1:80 -r 10.0.0.1:80 -m -w 1\n');
  return () => rmSync(folder, { recursive: true, force: true });
});

function configure(...destinations: readonly string[]): void {
  const list = `[${destinations.join(', ')}]`;
  writeFileSync(
    config,
    `version: 1\ndefaults: { forward: masq }\nservices: [{ address: "tcp://192.0.2.1:80", destinations: ${list} }]\n`,
  );
}

function run(script: string, ...args: readonly string[]) {
  const { status, stdout, stderr } = spawnSync('sh', [join(DEPLOY, script), ...args], {
    env,
    cwd: folder,
    encoding: 'utf8',
  });
  return { status, stdout, stderr };
}

describe('the job for a merge request', () => {
  it('passes and shows the plan against the snapshot', () => {
    configure('10.0.0.1', '10.0.0.2');
    const { status, stdout } = run('ci-plan.sh', config, live);
    expect(status).toBe(0);
    expect(stdout).toContain('10.0.0.2:80');
  });

  it('passes when there are no changes', () => {
    configure('10.0.0.1');
    expect(run('ci-plan.sh', config, live)).toMatchObject({ status: 0 });
  });

  it('fails for a mistake, with its place', () => {
    writeFileSync(config, 'version: 1\nservices: [{ adress: "tcp://192.0.2.1:80" }]\n');
    const { status, stderr } = run('ci-plan.sh', config, live);
    expect(status).toBe(65);
    expect(stderr).toContain('ipvs.yaml:2:');
  });

  it('fails when a guard would stop the plan in production, and names the guard', () => {
    writeFileSync(config, 'version: 1\nservices: []\n');
    const { status, stdout } = run('ci-plan.sh', config, live);
    expect(status).toBe(3);
    expect(stdout).toContain('--allow-empty');
  });
});

describe('the step of a deployment', () => {
  it('prints whether the table changed, and succeeds in both cases', () => {
    configure('10.0.0.1', '10.0.0.2');
    expect(run('deploy.sh', config, '--table', live)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Changed, and verified.'),
    });
    expect(readFileSync(live, 'utf8')).toContain('10.0.0.2:80');
    expect(run('deploy.sh', config, '--table', live)).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Nothing to do.'),
    });
  });

  it('fails with the code of ipvstate', () => {
    writeFileSync(config, 'version: 1\nservices: []\n');
    expect(run('deploy.sh', config, '--table', live)).toMatchObject({
      status: 3,
      stderr: expect.stringContaining('Stopped by a guard'),
    });
    writeFileSync(config, '');
    expect(run('deploy.sh', config, '--table', live)).toMatchObject({
      status: 65,
      stderr: expect.stringContaining('exit code 65'),
    });
  });
});

describe('a release', () => {
  const repository = (): string => join(folder, 'repository');
  const git = (...args: readonly string[]): string => {
    const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.com'];
    return execFileSync('git', ['-C', repository(), ...identity, ...args], {
      encoding: 'utf8',
    }).trim();
  };
  const commit = (text: string): string => {
    writeFileSync(join(repository(), 'ipvs.yaml'), text);
    git('add', '.');
    git('commit', '-q', '-m', 'change');
    return git('rev-parse', 'HEAD');
  };

  it('puts each revision into its own folder and switches the link to it', () => {
    mkdirSync(repository());
    git('init', '-q');
    const first = commit('version: 1\nservices: []\n');
    const second = commit('version: 1\nservices: [{ address: "fwmark:1" }]\n');
    const current = join(folder, 'base', 'current');
    for (const revision of [first, second, first, second]) {
      expect(run('release.sh', repository(), revision, join(folder, 'base'))).toMatchObject({
        status: 0,
        stderr: '',
      });
      expect(readlinkSync(current)).toBe(`releases/${revision}`);
    }
    expect(readFileSync(join(current, 'ipvs.yaml'), 'utf8')).toContain('fwmark:1');
  });

  it('of a revision that does not exist changes nothing', () => {
    mkdirSync(repository());
    git('init', '-q');
    const first = commit('version: 1\nservices: []\n');
    run('release.sh', repository(), first, join(folder, 'base'));
    expect(run('release.sh', repository(), 'nonsense', join(folder, 'base')).status).not.toBe(0);
    expect(readlinkSync(join(folder, 'base', 'current'))).toBe(`releases/${first}`);
  });
});

describe('the Kubernetes objects', () => {
  const [map, set] = parseAllDocuments(readFileSync(join(DEPLOY, 'kubernetes.yaml'), 'utf8')).map(
    (document) => document.toJS(),
  );

  it('have a valid configuration in the ConfigMap', () => {
    for (const [name, text] of Object.entries(map.data as Record<string, string>))
      expect(parseConfig(text, name).issues).toEqual([]);
  });

  it('mount the whole ConfigMap at the path of the daemon, and allow one capability', () => {
    const [container] = set.spec.template.spec.containers;
    expect(container.args.slice(0, 3)).toEqual([
      'watch',
      '-f',
      container.volumeMounts[0].mountPath,
    ]);
    expect(container.volumeMounts[0]).not.toHaveProperty('subPath');
    expect(set.spec.template.spec.volumes[0].configMap.name).toBe(map.metadata.name);
    expect(container.securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['NET_ADMIN'] });
  });

  it('keep the lock and the records on the node, because its table outlives the pod', () => {
    const { containers, volumes } = set.spec.template.spec;
    for (const path of ['/run/ipvstate', '/var/lib/ipvstate']) {
      const { name } = containers[0].volumeMounts.find(
        (mount: { mountPath: string }) => mount.mountPath === path,
      );
      expect(volumes.find((volume: { name: string }) => volume.name === name).hostPath).toEqual({
        path,
        type: 'DirectoryOrCreate',
      });
    }
  });
});
