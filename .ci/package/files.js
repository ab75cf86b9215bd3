// The files of an installed ipvstate. Every kind of package is made from this one list.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gzipSync } from 'node:zlib';

export const MAINTAINER = 'The ipvstate developers <ipvstate@localhost>';

/** The architectures of the packages by Debian's names, with the names of Node and of RPM. */
export const ARCHITECTURES = {
  amd64: { node: 'x64', rpm: 'x86_64' },
  arm64: { node: 'arm64', rpm: 'aarch64' },
};

const HOME = 'usr/lib/ipvstate';
const DOC = 'usr/share/doc/ipvstate';
/** The native addon, and the package that finds its file. All others are bundled. */
const ADDON = ['netlink', 'node-gyp-build'];

/**
 * Limits the part of V8's heap for new objects, where 16 MiB are usual. An `apply` or a `check` of
 * 100,000 destinations then takes 70 MB less memory and no more time.
 */
const YOUNG = '--max-semi-space-size=2';

/**
 * The configuration of a new installation. It asks for nothing, and the daemon writes nothing. Its
 * bytes stay the same in every version: dpkg stops an unattended upgrade, and asks, where both the
 * package and the user changed a configuration, and the manual tells every user to write here.
 */
const FIRST_CONFIGURATION = `# The desired state of IPVS. See ipvstate.yaml(5), and the examples in
# /${DOC}/examples.
#
# Begin with the table that this machine has:
#     ipvstate export > /etc/ipvstate/conf.d/ipvs.yaml
# As long as nothing is asked for here, the daemon says so, and leaves the table
# as it is. Delete this file when your services are in other files of this folder:
# a file that says nothing is refused.
#
# version: 1
# services:
#   - address: tcp://192.0.2.10:80
#     destinations: [10.0.0.11, 10.0.0.12]
`;

/**
 * Returns the files by their path from the root of the machine: `{ content, mode }`, or `{ link }`
 * for a symbolic link.
 */
export function installedFiles(root, { architecture, runtime }) {
  const nodeArch = ARCHITECTURES[architecture].node;
  const files = new Map();
  const add = (path, content, mode = 0o644) => files.set(path, { content, mode });
  const copy = (path, from, mode) => add(path, readFileSync(join(root, from)), mode);

  add(`${HOME}/bin/node`, readFileSync(join(runtime, 'bin/node')), 0o755);
  add(`${DOC}/node-LICENSE.gz`, zipped(readFileSync(join(runtime, 'LICENSE'))));
  const starter = readFileSync(join(root, 'dist/cli.cjs'), 'utf8');
  add(`${HOME}/dist/cli.cjs`, starter.replace(/^#!.*/, `#!/${HOME}/bin/node ${YOUNG}`), 0o755);
  for (const name of ['program.cjs', 'rest.cjs']) copy(`${HOME}/dist/${name}`, `dist/${name}`);
  for (const name of ADDON) {
    const folder = join(root, 'node_modules', name);
    for (const path of filesBelow(folder))
      if (isNeeded(path, nodeArch))
        copy(`${HOME}/node_modules/${name}/${path}`, join('node_modules', name, path));
  }
  files.set('usr/bin/ipvstate', { link: '../lib/ipvstate/dist/cli.cjs' });

  for (const path of filesBelow(join(root, 'dist/man'))) {
    // A page in another language is in a folder of its own already, such as zh_CN/man8.
    const place = path.includes('/') ? path : `man${path.split('.').at(-1)}/${path}`;
    add(`usr/share/man/${place}.gz`, zipped(readFileSync(join(root, 'dist/man', path))));
  }
  const completion = (name) => `src/cli/completion/completion.${name}`;
  copy('usr/share/bash-completion/completions/ipvstate', completion('bash'));
  copy('usr/share/zsh/site-functions/_ipvstate', completion('zsh'));
  copy('usr/share/fish/vendor_completions.d/ipvstate.fish', completion('fish'));

  for (const name of ['ipvstate.service', 'ipvstate@.service']) {
    const unit = readFileSync(join(root, 'examples/systemd', name), 'utf8');
    add(`usr/lib/systemd/system/${name}`, unit.replace(/^# \/etc.*\n/, ''));
  }
  add('etc/ipvstate/conf.d/ipvs.yaml', FIRST_CONFIGURATION);

  for (const path of filesBelow(join(root, 'schemas')))
    copy(`usr/share/ipvstate/schemas/${path}`, `schemas/${path}`);
  copy('usr/share/ipvstate/alerts.yaml', 'examples/monitoring/alerts.yaml');
  copy('usr/share/ipvstate/dashboard.json', 'examples/monitoring/dashboard.json');
  for (const name of [
    'first-service',
    'every-attribute',
    'fwmark-ipv6',
    'many-files',
    'deploy',
    'ci',
    'monitoring',
    'systemd',
  ])
    for (const path of filesBelow(join(root, 'examples', name)))
      copy(`${DOC}/examples/${name}/${path}`, `examples/${name}/${path}`, modeOf(path));
  for (const name of ['README.md', 'README.zh-CN.md']) copy(`${DOC}/${name}`, name);
  add(`${DOC}/CHANGELOG.md.gz`, zipped(readFileSync(join(root, 'CHANGELOG.md'))));
  add(`${DOC}/copyright`, copyright(root));
  const licenses = readFileSync(join(root, 'dist/THIRD-PARTY-LICENSES.txt'));
  add(`${DOC}/THIRD-PARTY-LICENSES.gz`, zipped(licenses));
  return files;
}

/** The files of the second package: other names of the program, in place of ipvsadm. */
export function frontEndFiles() {
  const program = { link: '../bin/ipvstate' };
  const page = { link: 'ipvstate-ipvsadm.8.gz' };
  return new Map(
    ['ipvsadm', 'ipvsadm-restore', 'ipvsadm-save'].flatMap((name) => [
      [`usr/sbin/${name}`, program],
      ...['man8', 'zh_CN/man8'].map((folder) => [`usr/share/man/${folder}/${name}.8.gz`, page]),
    ]),
  );
}

/** Files that are only needed to compile an addon, or that another architecture has. */
function isNeeded(path, nodeArch) {
  if (/\.(?:d\.ts|map|md|gyp)$|^src\/|^node_modules\/|^(?:bin|optional|build-test)\.js$/.test(path))
    return false;
  return !path.startsWith('prebuilds/') || path.startsWith(`prebuilds/linux-${nodeArch}/`);
}

function modeOf(path) {
  return path.endsWith('.sh') ? 0o755 : 0o644;
}

/** The paths of all files below a folder, from there, sorted. */
function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && statSync(join(entry.parentPath, entry.name)).isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Compressed without a time and a name, so that equal content has equal bytes. */
export function zipped(content) {
  return gzipSync(content, { level: 9 });
}

function copyright(root) {
  const own = readFileSync(join(root, 'LICENSE'), 'utf8');
  return `ipvstate\n\n${own}\nThe licences of the packages that it contains are in THIRD-PARTY-LICENSES.gz, and that of Node.js,
in /${HOME}/bin, is in node-LICENSE.gz.\n`;
}
