import { describe, expect, it } from 'vitest';
import { shop } from './workspace.ts';

/** 600 new services. The plan also deletes the service of the live table, at its end. */
const FILE = `version: 1\nservices:\n${Array.from(
  { length: 600 },
  (_, index) => `  - { address: "tcp://10.9.${index >> 8}.${index & 0xff}:80" }\n`,
).join('')}`;

const ARGV = '-f ./long.yaml --table ./live.save --max-service-deletes off';
const TERMINAL = { isTTY: true, env: { NO_COLOR: '1' } };
const MORE =
  '  and more, which -v shows: 100 services to add, 1 service to delete, 2 destinations to delete\n';

describe('a plan of more than 500 changes', () => {
  const longShop = () => {
    const made = shop();
    made.write('long.yaml', FILE);
    return made;
  };

  it('is cut on a terminal, where the sum of the other changes is shown', async () => {
    const { stdout } = await longShop().run(`plan ${ARGV}`, TERMINAL);
    expect(stdout.match(/^\+ tcp/gm)).toHaveLength(500);
    expect(stdout).toContain(MORE);
    expect(stdout).toContain('Plan: 600 services to add, 1 service to delete');
  });

  it('is cut where a person is asked on stderr, too', async () => {
    const { stderr } = await longShop().run(`apply -o json ${ARGV}`, { ...TERMINAL, answer: 'n' });
    expect(stderr).toContain(MORE);
    expect(stderr.match(/^\+ tcp/gm)).toHaveLength(500);
  });

  it.each([
    ['with -v', ' -v', TERMINAL],
    ['in a pipe', '', {}],
  ])('is whole %s', async (_, option, streams) => {
    const { stdout } = await longShop().run(`plan ${ARGV}${option}`, streams);
    expect(stdout.match(/^\+ tcp/gm)).toHaveLength(600);
    expect(stdout).not.toContain('and more');
  });
});
