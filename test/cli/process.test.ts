import { spawn, spawnSync } from 'node:child_process';
import { chmodSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { LIVE, shop, type Workspace, workspace } from './workspace.ts';

const cli = fileURLToPath(new URL('../../dist/cli.cjs', import.meta.url));

/** Runs a shell command in which `ipvstate` is the built program. */
function sh(script: string, { folder }: Workspace, options: { readonly uid?: number } = {}) {
  const program = `ipvstate() { ${process.execPath} ${cli} "$@"; }`;
  const { status, stdout, stderr } = spawnSync('bash', ['--norc', '-c', `${program}\n${script}`], {
    cwd: folder,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    env: { PATH: process.env.PATH },
    ...options,
  });
  return { status, stdout, stderr };
}

/** A configuration of many services, so that output is larger than the buffer of a pipe. */
function many(count: number): Workspace {
  const services = Array.from({ length: count }, (_, index) => ({
    address: `tcp://10.${index >> 8}.${index & 255}.1:80`,
    destinations: ['10.0.0.1', '10.0.0.2'],
  }));
  return workspace({ 'many.json': JSON.stringify({ version: 1, services }), 'live.save': '' });
}

describe('the program in a pipe', () => {
  it('prints all of a large result', () => {
    const space = many(3000);
    const plan = sh(
      'ipvstate plan -f many.json --table live.save -o json | cat; exit $PIPESTATUS',
      space,
    );
    expect(plan).toMatchObject({ status: 0, stderr: '' });
    expect(plan.stdout.length).toBeGreaterThan(1_000_000);
    expect(JSON.parse(plan.stdout).changes).toHaveLength(9000);
    const report = sh(
      'ipvstate apply -f many.json --table live.save -o json | (sleep 0.2; cat)',
      space,
    );
    expect(JSON.parse(report.stdout)).toMatchObject({
      outcome: 'applied',
      summary: { destinations: { add: 6000 } },
    });
  });

  it('prints all of a large refusal', () => {
    const space = many(3000);
    sh('ipvstate apply -f many.json --table live.save -q', space);
    space.write('none.yaml', 'version: 1\nservices: []\n');
    const refused = sh(
      'ipvstate apply -f none.yaml --table live.save -o json | cat; exit $PIPESTATUS',
      space,
    );
    expect(refused.status).toBe(3);
    expect(JSON.parse(refused.stdout)).toMatchObject({ outcome: 'refused', exit_code: 3 });
  });

  it('ends without a message when its reader closes the pipe', () => {
    const space = many(3000);
    expect(sh('ipvstate schema | head -1; exit $PIPESTATUS', space)).toEqual({
      status: 0,
      stdout: '{\n',
      stderr: '',
    });
    const { status, stderr } = sh(
      'ipvstate plan -f many.json --table live.save | head -1; exit $PIPESTATUS',
      space,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  it('keeps its exit code when its reader closes the pipe', () => {
    const { status } = sh(
      'ipvstate check -f shop.yaml --table live.save | true; exit $PIPESTATUS',
      shop(),
    );
    expect(status).toBe(2);
    expect(sh('ipvstate plan -f gone.yaml 2>&1 | true; exit $PIPESTATUS', shop()).status).toBe(66);
  });

  it('reads a configuration from stdin', () => {
    const space = shop();
    expect(sh('cat shop.yaml | ipvstate check -f - --table live.save', space)).toMatchObject({
      status: 2,
      stderr: '',
    });
    expect(sh('ipvstate check -f <(cat shop.yaml) --table <(cat live.save)', space)).toMatchObject({
      status: 2,
      stderr: '',
    });
    expect(sh('ipvstate plan -f - --table live.save < /dev/null', space)).toMatchObject({
      status: 65,
    });
    expect(sh('ipvstate plan -f - --table live.save <&-', space).status).not.toBe(0);
  });

  it('never asks for confirmation', () => {
    const space = shop();
    const { status, stderr } = sh(
      'ipvstate apply -f shop.yaml --table live.save < /dev/null',
      space,
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });
});

describe('the program whose output is lost', () => {
  it('exits 74 when stdout is on a full disk', () => {
    for (const line of [
      'schema',
      'plan -f shop.yaml --table live.save',
      'check -f shop.yaml --table live.save',
    ]) {
      expect(sh(`ipvstate ${line} > /dev/full`, shop())).toMatchObject({
        status: 74,
        stderr: 'ipvstate: the output cannot be written (ENOSPC)\n',
      });
    }
  });

  it('keeps its exit code when stderr is on a full disk', () => {
    expect(sh('ipvstate plan -f gone.yaml 2> /dev/full', shop()).status).toBe(66);
    expect(sh('ipvstate plan -f gone.yaml 2>&-', shop()).status).toBe(66);
  });
});

describe('a file without permission', () => {
  const NOBODY = 65_534;

  it.skipIf(process.getuid?.() !== 0)(
    'keeps a saved table as it is in a folder without write permission, and apply exits 74',
    () => {
      const space = shop();
      chmodSync(space.folder, 0o555);
      const { status, stderr } = sh('ipvstate apply -f shop.yaml --table live.save', space, {
        uid: NOBODY,
      });
      expect({ status, stderr }).toEqual({
        status: 74,
        stderr: 'ipvstate: live.save may not be written\n',
      });
      expect(space.read('live.save')).toBe(LIVE);
      expect(readdirSync(space.folder).sort()).toEqual(['live.save', 'shop.yaml']);
    },
  );

  it.skipIf(process.getuid?.() !== 0)(
    'makes validate exit 66 when it is a configuration that may not be read',
    () => {
      const space = shop();
      chmodSync(space.folder, 0o755);
      chmodSync(space.path('shop.yaml'), 0o600);
      expect(sh('ipvstate validate -f shop.yaml', space, { uid: NOBODY })).toMatchObject({
        status: 66,
        stderr: 'ipvstate: shop.yaml may not be read\n',
      });
    },
  );
});

describe('the program at a terminal', () => {
  /** Runs a command at a terminal, which `script` of util-linux creates. */
  async function atTerminal(
    space: Workspace,
    line: string,
    keys: string,
  ): Promise<{ status: number; shown: string }> {
    const child = spawn('script', ['-qec', `${process.execPath} ${cli} ${line}`, '/dev/null'], {
      cwd: space.folder,
      env: { PATH: process.env.PATH, TERM: 'xterm' },
    });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => {
      const wasAsked = shown.includes('[y/N]');
      shown += chunk.toString();
      if (!wasAsked && shown.includes('[y/N]')) child.stdin.write(keys);
    });
    const status = await new Promise<number>((resolve) =>
      child.on('exit', (code) => resolve(code ?? -1)),
    );
    return { status, shown: shown.replaceAll('\r\n', '\n') };
  }

  const APPLY = 'apply -f shop.yaml --table live.save';

  it('asks for confirmation and applies after yes', async () => {
    const space = shop();
    const { status, shown } = await atTerminal(space, APPLY, 'y\n');
    expect(shown).toContain('Applied and verified: 2 operations.');
    expect(status).toBe(0);
  });

  it.each([
    ['no', 'n\n'],
    ['Return', '\n'],
    ['end of input', '\u0004'],
    ['interrupt', '\u0003'],
  ])('asks for confirmation and writes nothing after %s', async (_, keys) => {
    const space = shop();
    const { status, shown } = await atTerminal(space, APPLY, keys);
    expect(shown).toContain('Declined. Nothing was changed.');
    expect(status).toBe(3);
    expect(space.read('live.save')).toBe(LIVE);
  });

  it('uses colour unless NO_COLOR is set', async () => {
    const space = shop();
    expect((await atTerminal(space, 'check -f shop.yaml --table live.save', '')).shown).toContain(
      '\u001b[32m+',
    );
    expect(
      (await atTerminal(space, 'check -f shop.yaml --table live.save --color never', '')).shown,
    ).not.toContain('\u001b[');
  });
});

describe('the end of the program', () => {
  it('prints the place of a fault that nothing catches, and exits 1', () => {
    const space = shop();
    space.write('fault.cjs', "setImmediate(() => { throw new Error('nobody catches this'); });");
    const { status, stderr } = sh(
      'NODE_OPTIONS="--require ./fault.cjs" ipvstate check -f shop.yaml --table live.save',
      space,
    );
    expect(status).toBe(1);
    expect(stderr).toContain('Error: nobody catches this');
    expect(stderr).toContain('fault.cjs:1');
  });
});
