#!/usr/bin/env node
// node test/kernel/boot/run.js [--mem 2G] [--guests 1] [--number N] [--limit SECONDS]
// [--writable DIR]... [--image DIR [--tree DIR]] -- COMMAND [ARG]...
//
// Boots Debian's User-Mode Linux, an ordinary program that is a whole kernel with IPVS, over this
// machine's files, runs COMMAND as its uid 0 in the current folder and exits with COMMAND's status.
// Needs no privileges. The machine's files are read-only inside, except the --writable folders; the
// IPVS table inside starts empty and is gone afterwards. The kernel is a newer one where
// .ci/prepare.js has fetched it, unless the variable UML is "installed". --guests says how many run
// at the same time and need memory, and --number which of them this one is: they are spread over
// the processors. --image boots the kernel of a folder in QEMU instead, which
// needs root; with --tree, in place of this machine's files, it boots the systemd of a Debian root.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { installCommand, KERNEL_PROGRAMS, missingPrograms, QEMU_PROGRAMS } from './debian.js';
import { debianRoot, writeDebianGuest } from './debian-root.js';
import { follow } from './follow.js';
import { writeGuest } from './guest.js';
import { modulesOf, QEMU_GUEST, startQemu } from './qemu.js';
import { chooseUml, startUml } from './uml.js';

/** The statuses of this script itself. timeout(1) and shells use the same ones. */
const TIMED_OUT = 124;
const NO_KERNEL = 125;

/** Starts a kernel, and collects what it prints on its console. */
function boot(folder, options) {
  const kernel =
    options.image === undefined ? startUml(folder, options) : startQemu(folder, options);
  const messages = [];
  kernel.stdout.on('data', (chunk) => messages.push(chunk));
  kernel.stderr.on('data', (chunk) => messages.push(chunk));
  const ended = new Promise((resolve, reject) => kernel.on('error', reject).on('close', resolve));
  return { kernel, ended, console: () => Buffer.concat(messages).toString().replaceAll('\r', '') };
}

function guestStatus(folder) {
  try {
    const status = Number.parseInt(readFileSync(join(folder, 'status'), 'utf8'), 10);
    return Number.isNaN(status) ? null : status;
  } catch {
    return null;
  }
}

function writeFiles(folder, { image, tree, uml, ...options }) {
  if (tree !== undefined) writeDebianGuest(folder, options);
  else if (image === undefined) writeGuest(folder, { ...options, modules: uml.modules });
  else writeGuest(folder, { ...options, guest: QEMU_GUEST, modules: modulesOf(image) });
}

async function run(command, { memory, guests, number, limitSeconds, writable, image, tree }) {
  const uml = chooseUml();
  const folder = mkdtempSync(join(tmpdir(), 'ipvstate-uml-'));
  let reason = null;
  try {
    const cwd = process.cwd();
    writeFiles(folder, { image, tree, uml, command, writable, cwd, limitSeconds });
    const output = follow(join(folder, 'output'), process.stdout);
    const root = tree && debianRoot(tree, image);
    const {
      kernel,
      ended,
      console: consoleText,
    } = boot(folder, {
      ...{ uml, memory, guests, number, image, root },
    });
    const stop = (why) => {
      reason ??= why;
      try {
        process.kill(-kernel.pid, 'SIGKILL');
      } catch {
        // The process has already ended.
      }
    };
    const onSignal = (signal) => stop(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, onSignal);
    const timer = setTimeout(() => stop('limit'), limitSeconds * 1000);
    await ended.finally(() => clearTimeout(timer));
    stop('ended');
    await output.end();

    if (reason === 'SIGINT' || reason === 'SIGTERM' || reason === 'SIGHUP')
      return { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 }[reason];
    if (reason === 'limit') {
      process.stderr.write(
        `kernel tests: not done after ${limitSeconds} s, the kernel was killed\n${consoleText()}`,
      );
      return TIMED_OUT;
    }
    const status = guestStatus(folder);
    if (status !== null) return status;
    process.stderr.write(
      `kernel tests: the kernel ended without a status; its console said:\n${consoleText() || '(nothing)\n'}`,
    );
    return NO_KERNEL;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

const { values, positionals } = parseArgs({
  options: {
    mem: { type: 'string', default: process.env.UML_MEM || '2G' },
    guests: { type: 'string', default: '1' },
    number: { type: 'string', default: String(process.pid) },
    limit: { type: 'string', default: '600' },
    writable: { type: 'string', multiple: true, default: [] },
    image: { type: 'string' },
    tree: { type: 'string' },
  },
  allowPositionals: true,
});
const needed = { ...KERNEL_PROGRAMS, ...(values.image === undefined ? {} : QEMU_PROGRAMS) };
const missing = missingPrograms(needed);
if (positionals.length === 0 || (values.tree !== undefined && values.image === undefined)) {
  process.stderr.write(
    'usage: run.js [--mem 2G] [--guests 1] [--number N] [--limit SECONDS] [--writable DIR]... [--image DIR [--tree DIR]] -- COMMAND [ARG]...\n',
  );
  process.exitCode = 64;
} else if (missing.length > 0) {
  process.stderr.write(
    `kernel tests: ${missing.join(', ')} not found; install with:\n  ${installCommand(needed)}\n`,
  );
  process.exitCode = NO_KERNEL;
} else {
  process.exitCode = await run(positionals, {
    memory: values.mem,
    guests: Number(values.guests),
    number: Number(values.number),
    limitSeconds: Number(values.limit),
    writable: values.writable,
    image: values.image && resolve(values.image),
    tree: values.tree && resolve(values.tree),
  });
}
