import { mkdirSync, writeFileSync } from 'node:fs';
import { Writable } from 'node:stream';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Output } from '../../src/cli/output.ts';
import { serveHttp } from '../../src/daemon/http/server.ts';
import { createLog } from '../../src/daemon/log/log.ts';
import { LOG_FORMATS } from '../../src/daemon/log/log-options.ts';
import { formatStatus } from '../../src/daemon/status/status-text.ts';
import { ISSUE_FORMATS } from '../../src/render/issue-formats.ts';
import { CSI } from '../../src/render/style.ts';
import { workspace } from '../cli/workspace.ts';
import { statusOf } from '../daemon/statuses.ts';
import { holds, isBrokenBy } from '../support/properties.ts';

/** Controls, text direction and zero width, written out apart from the program's own rule. */
const RAW =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what must not be printed.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u115f\u1160\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/u;
/** The program's own colours. */
const COLORS = new RegExp(`${CSI.replace('[', '\\[')}(?:0|1|2|31|32|33|36)m`, 'g');

const hostile = fc.oneof(
  fc.constantFrom('\u001b[31mlo', 'a\u202egnp', 'z\u200bw', '\u009b2J', '\u{e0041}', 'a\rb'),
  fc.string({ unit: 'binary', minLength: 1, maxLength: 20 }),
  fc.string({ minLength: 1, maxLength: 20 }),
);
/** Names that a file can have. */
const fileName = hostile
  .map((name) => name.replaceAll(/[/\0]/g, '-'))
  .map((name) => Buffer.from(name).toString().slice(0, 30));

const config = (name: string, nic: string): string =>
  JSON.stringify({
    version: 1,
    sync_daemons: [{ role: 'master', interface: nic }],
    services: [{ name, address: 'tcp://192.0.2.1:80', scheduler: 'rr', destinations: [] }],
  });

const COMMANDS: readonly (readonly string[])[] = [
  ...Object.keys(ISSUE_FORMATS).map((format) => ['validate', '-o', format]),
  ...['text', 'json', 'markdown', 'ipvsadm'].map((format) => ['plan', '-o', format]),
  ['check', '-o', 'text'],
  ['check', '-o', 'json'],
];

const isPrintable = (text: string): boolean => !RAW.test(text.replaceAll(COLORS, ''));

const printsOnly = (run: (words: readonly string[]) => Promise<string>) =>
  fc.asyncProperty(
    fc.record({ name: hostile, nic: hostile, file: fileName, only: hostile }),
    fc.constantFrom(...COMMANDS),
    fc.constantFrom('always', 'never'),
    async ({ name, nic, file, only }, [verb = '', ...rest], color) => {
      const { path, write } = workspace({ 'table.save': '-A -t 192.0.2.9:80 -s rr\n' });
      mkdirSync(path('d'));
      writeFileSync(`${path('d')}/${file}.json`, config(name, nic));
      const table = verb === 'validate' ? [] : ['--table', path('table.save')];
      const good = write('good.json', config('shop', 'eth0'));
      const lines = [
        [verb, ...rest, '-f', path('d'), ...table],
        [verb, ...rest, '-f', good, '-f', `${path('d')}/${only}`, ...table],
        [verb, ...rest, '-f', good, `--only=${only}`, ...table],
        [verb, `--${only}`],
      ];
      for (const line of lines)
        expect(isPrintable(await run([...line, `--color=${color}`]))).toBe(true);
    },
  );

/** Runs a command in this process, and returns what it printed. */
async function printed(words: readonly string[]): Promise<string> {
  const { stdout, stderr } = await workspace().run(words);
  return stdout + stderr;
}

class Sink extends Writable {
  text = '';
  override _write(chunk: Buffer, _: string, done: () => void): void {
    this.text += chunk.toString();
    done();
  }
}

const sink = () => {
  const stream = new Sink();
  return { stream, output: new Output(stream, stream, {}) };
};

describe('text from outside', () => {
  it('is printed without controls, text direction or zero width, whatever a command is given', async () => {
    await holds(printsOnly(printed), 25);
  });

  it('is found when a command prints it as it is', async () => {
    await isBrokenBy(printsOnly(async (words) => words.join(' ')));
  });

  it('is printed with the colours of the program, and with no colour of its own', () => {
    const { stream, output } = sink();
    output.configure({ color: 'always', quiet: false });
    output.print(`${output.style('stdout').remove('\u001b[32ma')}\u001b[31mb\n`);
    expect(stream.text).toBe('\u001b[31m\\u001b[32ma\u001b[0m\\u001b[31mb\n');
  });

  it('is printable in each format of the log, and in the status', async () => {
    const { stream, output } = sink();
    const property = fc.property(hostile, fc.constantFrom(...LOG_FORMATS), (text, format) => {
      const log = createLog({ format, level: 'info', write: (line) => output.warn(line) });
      log.warn({ event: 'config-invalid', files: [text] }, `${text}\n${text}`);
      output.print(
        formatStatus(statusOf({ files: [{ path: text, sha256: null, problem: text }] })),
      );
      expect(isPrintable(stream.text)).toBe(true);
      stream.text = '';
    });
    await holds(property);
  });

  it('is printable over HTTP, and JSON keeps its value', async () => {
    const body = JSON.stringify({ path: 'a\u202eb\u001b\u{e0041}' });
    const page = { status: 200, type: 'application/json', body };
    const server = await serveHttp({ host: '127.0.0.1', port: 0 }, { '/status': () => page });
    const { port } = server.address as { port: number };
    const text = await (await fetch(`http://127.0.0.1:${port}/status`)).text();
    await server.close();
    expect(isPrintable(text)).toBe(true);
    expect(JSON.parse(text)).toEqual(JSON.parse(body));
  });
});
