import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { askPatiently } from '../../src/cli/control.ts';
import type { Output } from '../../src/cli/output.ts';
import { askDaemon } from '../../src/daemon/control/client.ts';
import {
  type ControlAnswer,
  type ControlRequest,
  parseRequest,
} from '../../src/daemon/control/protocol.ts';
import { type AnswerRequest, serveControl } from '../../src/daemon/control/server.ts';
import { runCli } from '../support/run-cli.ts';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-control-'));
  path = join(folder, 'run', 'control.sock');
  return () => rmSync(folder, { recursive: true, force: true });
});

const OK: ControlAnswer = { ok: true, exit_code: 0 };

async function serve(answer: AnswerRequest = async () => OK): Promise<void> {
  const server = await serveControl(path, answer);
  onTestFinished(() => server.close());
}

describe('the control socket', () => {
  it('carries each request to the daemon and its answer back', async () => {
    const requests: ControlRequest[] = [];
    await serve(async (request) => {
      requests.push(request);
      return { ok: true, exit_code: 3, message: `done: ${request.command}` };
    });
    expect(await askDaemon(path, { command: 'reload' })).toEqual({
      ok: true,
      exit_code: 3,
      message: 'done: reload',
    });
    expect(await askDaemon(path, { command: 'approve', plan: 'abc' })).toMatchObject({
      message: 'done: approve',
    });
    expect(requests).toEqual([{ command: 'reload' }, { command: 'approve', plan: 'abc' }]);
  });

  it('can be opened by its owner only, and so can its folder', async () => {
    await serve();
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(statSync(join(folder, 'run')).mode & 0o777).toBe(0o700);
  });

  it('says that the command can be repeated when a daemon ends without an answer', async () => {
    mkdirSync(join(folder, 'run'));
    const server = createServer((socket) =>
      socket.once('data', () => {
        server.close();
        socket.end();
      }),
    );
    await new Promise<void>((done) => server.listen(path, done));
    await expect(askDaemon(path, { command: 'status' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `the daemon ended before it answered (${path})`,
      hint: 'Run the command again: it can be repeated, whatever the daemon did of it.',
    });
  });

  it('says what a daemon may lack that closes the connection and goes on', async () => {
    mkdirSync(join(folder, 'run'));
    const server = createServer((socket) => socket.once('data', () => socket.end()));
    await new Promise<void>((done) => server.listen(path, done));
    onTestFinished(() => void server.close());
    await expect(askDaemon(path, { command: 'status' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: `the daemon closed the connection before it answered (${path})`,
      hint: expect.stringContaining('raise its LimitNOFILE'),
    });
  });

  it('of a process that was killed is replaced', async () => {
    const program = `require('node:net').createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 'SIGKILL'))`;
    execFileSync('mkdir', ['-p', join(folder, 'run')]);
    expect(() => execFileSync(process.execPath, ['-e', program])).toThrow();
    expect(statSync(path).isSocket()).toBe(true);
    await expect(askDaemon(path, { command: 'status' })).rejects.toThrow('the last one was killed');
    await serve();
    expect(await askDaemon(path, { command: 'status' })).toEqual(OK);
  });

  it('of a process that still listens is not replaced', async () => {
    await serve();
    await expect(serveControl(path, async () => OK)).rejects.toMatchObject({
      code: 'IO',
      message: expect.stringContaining('another process'),
    });
    expect(await askDaemon(path, { command: 'status' })).toEqual(OK);
  });

  it('is gone after close, and a client is told that no daemon runs', async () => {
    const server = await serveControl(path, async () => OK);
    await server.close();
    await expect(askDaemon(path, { command: 'status' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
      message: expect.stringContaining('no daemon'),
    });
  });

  it('answers several requests of one connection in order, however the bytes arrive', async () => {
    await serve(async (request) => ({ ok: true, exit_code: 0, message: request.command }));
    const text = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(path, () => {
        socket.write('{"command":"sta');
        socket.write('tus"}\n{"command":"reload"}\nnonsense\n');
      });
      socket.setEncoding('utf8').on('data', (chunk: string) => {
        received += chunk;
        if (received.split('\n').length === 4) socket.destroy();
      });
      socket.on('close', () => resolve(received));
    });
    expect(
      text
        .trim()
        .split('\n')
        .map((line) => (JSON.parse(line) as ControlAnswer).message),
    ).toEqual(['status', 'reload', 'not a line of JSON']);
  });

  it('returns an unexpected error to the client, and goes on serving', async () => {
    let asked = 0;
    await serve(async () => {
      if (asked++ === 0) throw new Error('broken');
      return OK;
    });
    expect(await askDaemon(path, { command: 'status' })).toEqual({
      ok: false,
      exit_code: 1,
      message: 'broken',
    });
    expect(await askDaemon(path, { command: 'status' })).toEqual(OK);
  });

  it.each(['reload', 'approve', 'resume'])(
    'gives %s a failure in one line of its own, whatever text the failure repeats',
    async (verb) => {
      const forged = 'x is no service\nipvstate: all is well';
      await serve(async () => ({ ok: false, exit_code: 64, message: forged, hint: forged }));
      expect(await runCli([verb, '--control-socket', path])).toEqual({
        status: 64,
        stdout: '',
        stderr:
          'ipvstate: x is no service\\u000aipvstate: all is well\n' +
          '    x is no service\\u000aipvstate: all is well\n',
      });
    },
  );

  it('disconnects a client that sends a request without an end', async () => {
    await serve();
    await new Promise<void>((resolve) => {
      const socket = connect(path, () => socket.write('x'.repeat(200_000)));
      socket.on('close', () => resolve()).on('error', () => {});
    });
    expect(await askDaemon(path, { command: 'status' })).toEqual(OK);
  });

  it('says that a daemon of an earlier version does not know a command', async () => {
    await serve();
    const request = { command: 'of a later version' } as unknown as ControlRequest;
    await expect(askDaemon(path, request)).rejects.toMatchObject({
      code: 'PROTOCOL',
      message: expect.stringContaining('earlier version, which does not know `of a later version`'),
      hint: expect.stringContaining('Restart the daemon'),
    });
  });

  it('says once that a daemon has not answered yet, and waits on for the answer', async () => {
    const said: string[] = [];
    let endSilence = (): void => {};
    const silence = new Promise<void>((resolve) => {
      endSilence = resolve;
    });
    const warn = (text: string): void => {
      said.push(text);
      endSilence();
    };
    const output = { warn } as unknown as Output;
    await serve(() => silence.then(() => OK));
    expect(await askPatiently(path, { command: 'status' }, { output }, 1)).toEqual(OK);
    expect(said).toEqual([
      expect.stringMatching(/^ipvstate: the daemon has not answered yet \(.*control\.sock\)/),
    ]);
    expect(await askPatiently(path, { command: 'status' }, { output })).toEqual(OK);
    expect(said).toHaveLength(1);
  });

  it('reports a daemon that ends before it answers as unavailable', async () => {
    const server = createServer((socket) => socket.end());
    const other = join(folder, 'mute.sock');
    await new Promise<void>((resolve) => server.listen(other, resolve));
    onTestFinished(() => void server.close());
    await expect(askDaemon(other, { command: 'status' })).rejects.toMatchObject({
      code: 'UNAVAILABLE',
    });
  });
});

describe('a request', () => {
  it.each([
    ['{"command":"page"}', { command: 'page' }],
    ['{"command":"page","services":["fwmark:7"]}', { command: 'page', services: ['fwmark:7'] }],
    ['{"command":"page","services":[7]}', 'the services are no texts, or too many'],
    [
      JSON.stringify({ command: 'page', services: Array(101).fill('fwmark:7') }),
      'the services are no texts, or too many',
    ],
    ['{"command":"status"}', { command: 'status' }],
    ['{"command":"approve"}', { command: 'approve' }],
    ['{"command":"approve","plan":"p1"}', { command: 'approve', plan: 'p1' }],
    ['{"command":"approve","plan":1}', 'plan is not a text'],
    ['{"command":"resume","who":"alice"}', { command: 'resume', who: 'alice' }],
    ['{"command":"resume"}', 'who is not a text'],
    [
      '{"command":"pause","who":"alice","reason":null,"seconds":60,"only":["shop"]}',
      { command: 'pause', who: 'alice', reason: null, seconds: 60, only: ['shop'] },
    ],
    [
      '{"command":"pause","who":"alice","reason":null,"seconds":0,"only":[]}',
      'a part of the pause is missing or has another form',
    ],
    [
      '{"command":"pause","who":"alice","reason":null,"seconds":86401,"only":[]}',
      'a part of the pause is missing or has another form',
    ],
    [
      '{"command":"pause","who":"alice","seconds":60,"only":[]}',
      'a part of the pause is missing or has another form',
    ],
    ['{"command":"stop"}', 'no such command: "stop"'],
    ['null', 'not an object'],
    ['[', 'not a line of JSON'],
  ])('%s is parsed or refused with a reason', (line, expected) => {
    expect(parseRequest(line)).toEqual(expected);
  });
});
