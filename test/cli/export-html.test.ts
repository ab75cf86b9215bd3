import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { SnapshotDocument } from '../../src/daemon/page/documents.ts';
import type { Ipvs } from '../../src/model/ipvs.ts';
import { openEmbeddedTable } from '../../src/plan/embedded.ts';
import { runCli } from '../support/run-cli.ts';
import { tableOf } from '../support/tables.ts';

const TABLE = tableOf({
  'tcp://192.0.2.1:80': { destinations: { '10.0.0.1:80': 1, '10.0.0.2:80': 0 } },
  'tcp://[2001:db8::1]:443': {},
});

const openKernel = async (): Promise<Ipvs> => openEmbeddedTable(TABLE);

function dataOf(html: string): SnapshotDocument {
  const data = /<script type="application\/json" id="snapshot">(.*)<\/script>/.exec(html)?.[1];
  return JSON.parse(data ?? '');
}

describe('export -o html', () => {
  it('has each service with its destinations, and no status without a daemon', async () => {
    const { status, stdout, stderr } = await runCli(['export', '-o', 'html'], { openKernel });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    const { status: daemon, history, services, problems } = dataOf(stdout);
    expect(daemon).toBeNull();
    expect(history?.runs).toEqual([]);
    expect(problems).toEqual([
      expect.stringMatching(/^whether the table is as the files say: no daemon runs here \(/),
    ]);
    for (const { state, notes, destinations_list } of services.services) {
      expect([state, notes]).toEqual(['unknown', [expect.stringMatching(/^not known: no daemon/)]]);
      for (const destination of destinations_list) expect(destination.state).toBe('unknown');
    }
    expect(
      services.services.map(({ service, usable, destinations_list }) => [
        ...[service, usable],
        ...destinations_list.map(({ destination, weight }) => `${destination} ${weight.live}`),
      ]),
    ).toEqual([
      ['tcp://192.0.2.1:80', 1, '10.0.0.1:80 1', '10.0.0.2:80 0'],
      ['tcp://[2001:db8::1]:443', 0],
    ]);
  });

  it('says of the table of a file that nobody knows whether it is as other files say', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'ipvstate-export-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const file = join(folder, 'table.save');
    writeFileSync(file, '-A -t 192.0.2.1:80 -s rr\n');
    const { stdout } = await runCli(['export', '--table', file, '-o', 'html']);
    const { services, problems, history } = dataOf(stdout);
    expect(services.services.map(({ state }) => state)).toEqual(['unknown']);
    expect(problems).toEqual(['whether the table is as the files say: it is the table of a file']);
    expect(history).toBeNull();
  });

  it('has the table as text for a browser without JavaScript', async () => {
    const { stdout } = await runCli(['export', '-o', 'html'], { openKernel });
    const text = /<noscript><pre>(.*?)<\/pre>/s.exec(stdout)?.[1];
    expect(text).toContain('-a -t 192.0.2.1:80 -r 10.0.0.1:80');
  });

  it('names no other host, and allows only its own script and styles', async () => {
    const { stdout } = await runCli(['export', '-o', 'html'], { openKernel });
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(stdout)?.[1];
    expect(policy).toMatch(/^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-/);
    expect(policy).not.toContain('unsafe');
    expect(stdout).not.toMatch(/\b(?:src|href)="(?!data:)/);
  });
});
