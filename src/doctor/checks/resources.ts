import { shellWord } from '../../model/shell-word.ts';
import type { Check, Facts } from '../facts.ts';
import { advise, type Finding, failure, notKnown, ok, run, warning } from '../finding.ts';

/** The watches that a daemon needs for its files and folders, with room for a few more. */
const WATCHES = 64;

/** Without inotify, the daemon reads its files every few seconds instead. */
export const INOTIFY: Check = {
  name: 'inotify',
  examine: ({ uid, kernel: { inotify, settings } }) => {
    if (!inotify.isKnown) return [notKnown('the use of inotify', inotify)];
    if (!settings.isKnown) return [notKnown('the limits of inotify', settings)];
    const kinds = [
      { name: 'max_user_instances', used: inotify.value.instances, needed: 1 },
      { name: 'max_user_watches', used: inotify.value.watches, needed: WATCHES },
    ];
    const short = kinds.flatMap(({ name, used, needed }): Finding[] => {
      const limit = settings.value.get(`fs/inotify/${name}`);
      if (limit === undefined || used + needed <= Number(limit)) return [];
      return [
        warning(
          `user ${uid} uses ${used} of fs.inotify.${name} = ${limit}`,
          'A daemon that gets none reads its files every few seconds, and takes changes later.',
          run(`sysctl -w fs.inotify.${name}=${2 * Math.max(Number(limit), used + needed)}`),
        ),
      ];
    });
    return short.length > 0 ? short : [ok(`user ${uid} has instances and watches left`)];
  },
};

const MIB = 2 ** 20;
/** uapi: linux/stat.h S_IWGRP and S_IWOTH. */
const OTHERS_WRITE = 0o022;

/** A command that writes needs the lock, which is in this folder. */
export const RUNTIME_FOLDER: Check = {
  name: 'runtime folder',
  examine: (facts) =>
    folderFindings(facts, facts.runtime, {
      why: 'The lock and the records for `rollback`, `try` and drains are kept there.',
      variable: 'IPVSTATE_RUNTIME_DIR',
      freeBytes: MIB,
      isNeeded: true,
    }),
};

/** The journal is here. Its loss stops no command. */
export const STATE_FOLDER: Check = {
  name: 'state folder',
  examine: (facts) =>
    folderFindings(facts, facts.state, {
      why: 'The journal is kept there.',
      variable: 'IPVSTATE_STATE_DIR',
      freeBytes: 64 * MIB,
      isNeeded: false,
    }),
};

const WRITABLE = 'whether it can be written';

function folderFindings(
  { uid }: Facts,
  { path, facts }: Facts['runtime'],
  about: {
    readonly why: string;
    readonly variable: string;
    readonly freeBytes: number;
    readonly isNeeded: boolean;
  },
): Finding[] {
  if (!facts.isKnown) return [notKnown(WRITABLE, facts)];
  const { status, nearest, refusal, fileSystem } = facts.value;
  const { why } = about;
  const worse = about.isNeeded ? failure : warning;
  if (status && !status.isFolder)
    return [worse(`${path} is not a folder`, why, advise('Move it away.'))];
  if ((refusal === 'EACCES' || refusal === 'EPERM') && uid !== 0)
    return [
      notKnown(WRITABLE, {
        isKnown: false,
        reason: `user ${uid} may not write to ${nearest}`,
        needsRoot: true,
      }),
    ];
  if (refusal !== undefined) {
    const fix = advise(`Make ${nearest} writable, or name another folder in ${about.variable}.`);
    return [worse(`${nearest} may not be written (${refusal})`, why, fix)];
  }
  const findings: Finding[] = [];
  if (status && status.uid !== 0 && status.uid !== uid)
    findings.push(
      warning(
        `${path} belongs to user ${status.uid}`,
        `${why} That user can change it.`,
        run(`chown ${uid} ${shellWord(path)}`),
      ),
    );
  if (status && (status.mode & OTHERS_WRITE) !== 0)
    findings.push(
      warning(
        `other users may write to ${path}`,
        `${why} They can change it.`,
        run(`chmod 0700 ${shellWord(path)}`),
      ),
    );
  const { freeBytes, freeFiles } = fileSystem;
  if (freeBytes < about.freeBytes || freeFiles === 0)
    findings.push(
      warning(
        freeFiles === 0
          ? `the disk of ${nearest} has no room for another file`
          : `the disk of ${nearest} has ${Math.floor(freeBytes / 1024)} KiB left`,
        `${why} A record that cannot be written is lost: \`rollback\` then knows less.`,
        advise(`Make room there: \`df -h ${shellWord(nearest)}\` and \`df -i\` show what is left.`),
      ),
    );
  return findings.length > 0 ? findings : [ok(`${path} can be written`)];
}
