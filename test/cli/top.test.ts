import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import type { Keyboard } from '../../src/cli/keyboard.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { Captured, runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';

const TABLE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1 } },
  'tcp://192.0.2.2:80': { destinations: { '10.0.0.2:80': 1 } },
});

const openKernel = async (): Promise<Ipvs> => openEmbeddedTable(TABLE);

/** A keyboard on which the keys are pressed, each when the program waits. */
function keyboard(keys: readonly (string | undefined)[]): Keyboard & { isClosed: boolean } {
  const left = [...keys];
  return {
    isClosed: false,
    next: async () => {
      if (left.length === 0) throw new Error('all keys were pressed, and the program goes on');
      return left.shift();
    },
    close() {
      this.isClosed = true;
    },
  };
}

function schema(): object {
  return JSON.parse(
    readFileSync(new URL('../../schemas/top.schema.json', import.meta.url), 'utf8'),
  );
}

describe('top', () => {
  it('prints once when stdout is no terminal', async () => {
    const { status, stdout, stderr } = await runCli(['top'], { openKernel });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^2 services, 2 destinations, by connections\/s\nService /);
    expect(stdout).not.toContain('10.0.0.1');
  });

  it('prints once with --once on a terminal, without taking its keys', async () => {
    const { stdout } = await runCli(['top', '--once', '-d'], {
      openKernel,
      isTTY: true,
      keyboard: keyboard([]),
    });
    expect(stdout).toContain('  10.0.0.1:80');
    expect(stdout).not.toContain('\u001b[?1049h');
  });

  it('prints once on a dumb terminal, which cannot replace text', async () => {
    const { status, stdout } = await runCli(['top'], {
      ...{ openKernel, isTTY: true, keyboard: keyboard([]), env: { TERM: 'dumb' } },
    });
    expect(status).toBe(0);
    expect(stdout).not.toContain('\u001b');
  });

  it('shows a service that is named with its destinations, and no other', async () => {
    const { stdout } = await runCli(['top', '192.0.2.2:80'], { openKernel });
    expect(stdout).toContain('  10.0.0.2:80');
    expect(stdout).not.toContain('192.0.2.1');
  });

  it('refuses the name of a service that does not exist', async () => {
    const { status, stderr } = await runCli(['top', '192.0.2.9:80'], { openKernel });
    expect(status).toBe(64);
    expect(stderr).toContain('there is no service 192.0.2.9:80');
  });

  it('prints JSON as its schema says', async () => {
    const { stdout } = await runCli(['top', '-o', 'json'], { openKernel });
    const validate = new Ajv({ strict: false, validateFormats: false }).compile(schema());
    validate(JSON.parse(stdout));
    expect(validate.errors ?? []).toEqual([]);
  });

  it('refuses an interval below a second', async () => {
    const { status, stderr } = await runCli(['top', '--interval', '0s'], { openKernel });
    expect(status).toBe(64);
    expect(stderr).toContain('Expected at least 1s.');
  });
});

describe('top on a terminal', () => {
  it('redraws after each interval and key, and gives the terminal back at q', async () => {
    const keys = keyboard([undefined, 'b', 'd', 'x', 'q']);
    const stdout = new Captured(true);
    const { status } = await runCli(['top'], { openKernel, isTTY: true, keyboard: keys, stdout });
    expect(status).toBe(0);
    expect(keys.isClosed).toBe(true);
    expect(stdout.text.startsWith('\u001b[?1049h\u001b[?25l')).toBe(true);
    expect(stdout.text.endsWith('\u001b[?25h\u001b[?1049l')).toBe(true);
    const screens = stdout.text.split('\u001b[H').slice(1);
    expect(screens).toHaveLength(5);
    expect(screens.map((screen) => screen.includes('by bytes/s'))).toEqual([
      ...[false, false, true, true, true],
    ]);
    expect(screens.map((screen) => screen.includes('10.0.0.1:80'))).toEqual([
      ...[false, false, false, true, true],
    ]);
  });

  it('ends at ^C, which is a key there', async () => {
    const keys = keyboard(['\u0003']);
    expect((await runCli(['top'], { openKernel, isTTY: true, keyboard: keys })).status).toBe(0);
  });

  it('ends at a signal with its exit code, and gives the terminal back', async () => {
    const controller = new AbortController();
    const keys = keyboard([]);
    keys.next = async () => {
      controller.abort(143);
      return undefined;
    };
    const stdout = new Captured(true);
    const { status } = await runCli(['top'], {
      ...{ openKernel, keyboard: keys, stdout, isTTY: true, signal: controller.signal },
    });
    expect(status).toBe(143);
    expect(keys.isClosed).toBe(true);
    expect(stdout.text.endsWith('\u001b[?1049l')).toBe(true);
  });

  it('gives the terminal back when the kernel does not answer any more', async () => {
    const keys = keyboard([undefined]);
    let reads = 0;
    const failing = async (): Promise<Ipvs> => {
      const table = openEmbeddedTable(TABLE);
      const read = table.read.bind(table);
      table.read = (options) =>
        reads++ === 0 ? read(options) : Promise.reject(new Error('the kernel is gone'));
      return table;
    };
    const stdout = new Captured(true);
    const { status, stderr } = await runCli(['top'], {
      ...{ openKernel: failing, keyboard: keys, stdout, isTTY: true },
    });
    expect(status).toBe(1);
    expect(stderr).toContain('the kernel is gone');
    expect(keys.isClosed).toBe(true);
    expect(stdout.text.endsWith('\u001b[?1049l')).toBe(true);
  });
});
