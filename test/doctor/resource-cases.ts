import { missingAddon } from '../../src/kernel/netlink/missing-addon.ts';
import { type Case, MASQ } from './case.ts';
import { program } from './machine.ts';

/** Interfaces, limits, other programs and files. */
export const RESOURCE_CASES: readonly Case[] = [
  {
    about: 'the native addon has no build for this machine',
    check: 'native addon',
    level: 'failure',
    seen: 'the native addon for netlink cannot be loaded: there is no build for riscv64',
    fix: 'compile the addon',
    options: {
      loadAddon: async () => {
        throw missingAddon(new Error('No native build was found'), {
          ...{ arch: 'riscv64', hasGlibc: true },
        });
      },
    },
  },
  {
    about: 'the interface of a sync daemon does not exist',
    check: 'sync daemons',
    level: 'failure',
    seen: 'there is no interface eth7 for the master',
    fix: 'ip -brief link',
    options: { config: `${MASQ}sync_daemons: [{ role: master, interface: eth7 }]\n` },
  },
  {
    about: 'the interface of a sync daemon is down',
    check: 'sync daemons',
    level: 'warning',
    seen: 'interface eth1 of the backup is down',
    fix: 'ip link set dev eth1 up',
    options: {
      config: `${MASQ}sync_daemons: [{ role: backup, interface: eth1 }]\n`,
      links: { eth1: { isUp: false } },
    },
  },
  {
    about: 'the interface of a sync daemon has no multicast',
    check: 'sync daemons',
    level: 'warning',
    seen: 'interface eth1 of the master has no multicast',
    fix: 'ip link set dev eth1 multicast on',
    options: {
      config: `${MASQ}sync_daemons: [{ role: master, interface: eth1 }]\n`,
      links: { eth1: { isMulticast: false } },
    },
  },
  {
    about: 'no inotify instance is left',
    check: 'inotify',
    level: 'warning',
    seen: 'user 0 uses 2 of fs.inotify.max_user_instances = 2',
    fix: 'sysctl -w fs.inotify.max_user_instances=6',
    machine: {
      '/proc/sys/fs/inotify/max_user_instances': '2\n',
      ...program(501, 'sshd', { watches: 1 }),
      ...program(502, 'cron', { watches: 1 }),
      ...program(503, 'other', { watches: 1, uid: 5 }),
    },
  },
  {
    about: 'few inotify watches are left',
    check: 'inotify',
    level: 'warning',
    seen: 'user 0 uses 100 of fs.inotify.max_user_watches = 128',
    fix: 'sysctl -w fs.inotify.max_user_watches=328',
    machine: {
      '/proc/sys/fs/inotify/max_user_watches': '128\n',
      ...program(501, 'sshd', { watches: 100 }),
    },
  },
  {
    about: 'keepalived runs with several processes',
    check: 'other writers',
    level: 'warning',
    seen: 'keepalived (pid 88, 89) runs in this network namespace',
    machine: { ...program(88, 'keepalived'), ...program(89, 'keepalived') },
  },
  {
    about: 'keepalived runs',
    check: 'other writers',
    level: 'warning',
    seen: 'keepalived (pid 88) runs in this network namespace',
    fix: 'manage',
    machine: program(88, 'keepalived'),
  },
  {
    about: 'kube-proxy runs beside files with a scope',
    check: 'other writers',
    level: 'remark',
    seen: 'kube-proxy (pid 88) runs in this network namespace',
    machine: program(88, 'kube-proxy'),
    options: { config: `${MASQ}manage: { include: [{ cidr: 192.0.2.0/24 }] }\n` },
  },
  {
    about: 'a second daemon runs without the lock',
    check: 'other writers',
    level: 'warning',
    seen: 'ipvstate watch (pid 77) runs in this network namespace, and does not hold the lock',
    fix: 'kill 77',
    machine: program(77, 'MainThread', {
      commandLine: '/usr/bin/node\0/opt/x/dist/cli.cjs\0watch\0-q\0',
    }),
  },
  {
    about: 'processes are hidden',
    check: 'other writers',
    level: 'unknown',
    seen: 'who else writes to the table: this user may not see all processes',
    fix: 'sudo ipvstate doctor',
    machine: { '/proc/300/comm': { error: 'EPERM' } },
  },
  {
    about: 'the place of another writer is hidden',
    check: 'other writers',
    level: 'unknown',
    seen: 'whether ldirectord (pid 88) writes to this table',
    fix: 'sudo ipvstate doctor',
    machine: { ...program(88, 'ldirectord'), '/proc/88/ns/net': { error: 'EACCES' } },
  },
  {
    about: 'a container sees its own processes only',
    check: 'other writers',
    level: 'remark',
    seen: 'only processes of this container are seen',
    machine: { '/proc/self/ns/pid': { link: 'pid:[4026532999]' } },
  },
  {
    about: 'the clock is wrong',
    check: 'clock',
    level: 'warning',
    seen: 'it says 1970-01-01T00:00:00.000Z',
    fix: 'timedatectl set-ntp true',
    options: { now: () => new Date(0) },
  },
  {
    about: 'nothing sets the clock',
    check: 'clock',
    level: 'remark',
    seen: 'no service that sets it was seen',
    machine: { '/proc/300/comm': 'cron\n' },
  },
  {
    about: 'Node.js is too old',
    check: 'Node.js',
    level: 'warning',
    seen: 'version 18.20.4 is not supported',
    fix: 'Install a version of Node.js',
    options: { nodeVersion: '18.20.4' },
  },
  {
    about: 'a version between two supported ones runs',
    check: 'Node.js',
    level: 'warning',
    seen: 'version 22.11.0 is not supported',
    options: { nodeVersion: '22.11.0' },
  },
  {
    about: 'Node.js gets no fixes any more',
    check: 'Node.js',
    level: 'remark',
    seen: 'version 20.19.5 gets no fixes since 2026-04-30',
    options: { nodeVersion: '20.19.5' },
  },
  {
    about: 'a file is a mount',
    check: 'files',
    level: 'warning',
    seen: 'is a mount by itself',
    fix: 'Mount the folder',
    options: { config: MASQ, configFile: { link: '/config/ipvs file.yaml' } },
    machine: {
      '/proc/self/mountinfo': '36 35 8:1 /x /config/ipvs\\040file.yaml rw - ext4 /dev/sda1 rw\n',
    },
  },
  {
    about: 'a file is on NFS',
    check: 'files',
    level: 'remark',
    seen: 'is on NFS',
    options: { config: MASQ, configFile: { fileSystemType: 0x6969 } },
  },
  {
    about: 'every user may write to a file',
    check: 'files',
    level: 'warning',
    seen: 'every user may write to',
    fix: 'chmod o-w ',
    options: { config: MASQ, configFile: { mode: 0o666 } },
  },
];
