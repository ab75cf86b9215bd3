import type { SourceFacts } from '../../kernel/facts/folders.ts';
import { shellWord } from '../../model/shell-word.ts';
import type { Check, ProgramFacts } from '../facts.ts';
import { advise, type Finding, notKnown, ok, remark, run, warning } from '../finding.ts';

/** The lines of Node that are supported, as `engines` in package.json says. */
const LINES: readonly {
  readonly major: number;
  readonly minor: number;
  /** The last day with fixes. */
  readonly end: string;
}[] = [
  { major: 20, minor: 19, end: '2026-04-30' },
  { major: 22, minor: 12, end: '2027-04-30' },
  { major: 24, minor: 0, end: '2028-04-30' },
  { major: 26, minor: 0, end: '2029-04-30' },
];
const NEWEST = 26;

export const NODE: Check<ProgramFacts> = {
  name: 'Node.js',
  examine: ({ nodeVersion, now }) => {
    const [major = 0, minor = 0] = nodeVersion.split('.').map(Number);
    const line = LINES.find((each) => each.major === major);
    const fix = advise('Install a version of Node.js that gets fixes, such as 24.');
    if ((!line || minor < line.minor) && major < NEWEST)
      return [
        warning(
          `version ${nodeVersion} is not supported`,
          'The program was tested with 20.19, 22.12, 24, 26 and later ones of each.',
          fix,
        ),
      ];
    if (line && now.getTime() > Date.parse(`${line.end}T23:59:59Z`))
      return [remark(`version ${nodeVersion} gets no fixes since ${line.end}`, SECURITY, fix)];
    return [ok(`version ${nodeVersion}`)];
  },
};

const SECURITY = 'Holes that are found in it stay open. The program still supports it.';

/** uapi: linux/magic.h; the file systems whose files change on other machines. */
const REMOTE = new Map([
  [0x6969, 'NFS'],
  [0xff534d42, 'CIFS'],
  [0xfe534d42, 'SMB'],
  [0x65735546, 'FUSE'],
  [0x01021997, '9p'],
  [0x00c36400, 'Ceph'],
]);
/** uapi: linux/stat.h S_IWOTH. */
const EVERYBODY_WRITES = 0o002;

/** The files of the configuration, as a daemon follows them. */
export const FILES: Check<ProgramFacts> = {
  name: 'files',
  examine: ({ sources }) => {
    const findings = sources.flatMap((source) => {
      if (!source.isKnown) return [notKnown('a file', source)];
      return sourceFindings(source.value);
    });
    if (findings.length > 0 || sources.length === 0) return findings;
    return [ok('a daemon can follow them')];
  },
};

function sourceFindings({ path, status, fileSystemType, isMount }: SourceFacts): Finding[] {
  const findings: Finding[] = [];
  if (!isMount.isKnown) findings.push(notKnown(`whether ${path} is a mount`, isMount));
  else if (isMount.value)
    findings.push(
      warning(
        `${path} is a mount by itself`,
        'A file that is put in its place elsewhere does not arrive here, as with subPath in ' +
          'Kubernetes.',
        advise('Mount the folder of the file.'),
      ),
    );
  const remote = REMOTE.get(fileSystemType >>> 0);
  if (remote !== undefined)
    findings.push(
      remark(
        `${path} is on ${remote}`,
        'There are no events for what other machines write. The daemon sees it with its next ' +
          'regular read, some seconds later.',
      ),
    );
  if ((status.mode & EVERYBODY_WRITES) !== 0)
    findings.push(
      warning(
        `every user may write to ${path}`,
        'Whoever writes to it decides where connections go.',
        run(`chmod o-w ${shellWord(path)}`),
      ),
    );
  return findings;
}
