// Debian packages: the files that Debian alone has, and those that describe a package.
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { MAINTAINER, zipped } from './files.js';

/** Returns the installed files as Debian wants them: with its changelog and at its places. */
export function debianFiles(root, files, { version, epoch }) {
  const placed = [...files].map(([path, file]) => [
    path.replace('zsh/site-functions', 'zsh/vendor-completions'),
    file,
  ]);
  const overrides = readFileSync(join(root, '.ci/package/debian/lintian-overrides'));
  return new Map([
    ...placed,
    ['usr/share/doc/ipvstate/changelog.gz', plain(zipped(changelog(version, epoch)))],
    ['usr/share/lintian/overrides/ipvstate', plain(overrides)],
  ]);
}

/** Returns the links of the second package, with what Debian alone wants. */
export function debianFrontEndFiles(links) {
  return new Map([
    ...links,
    ['usr/share/doc/ipvstate-ipvsadm', { link: 'ipvstate' }],
    [
      'usr/share/lintian/overrides/ipvstate-ipvsadm',
      // The project has no mail address.
      plain('ipvstate-ipvsadm: bogus-mail-host\n'),
    ],
  ]);
}

/** Returns the files that describe the package of the program. */
export function controlFiles(root, files, { version, architecture }) {
  const conffiles = [...files.keys()].filter((path) => path.startsWith('etc/'));
  const script = (name) => ({
    content: readFileSync(join(root, '.ci/package/debian', name)),
    mode: 0o755,
  });
  return new Map([
    ['DEBIAN/control', control(root, 'control', files, { version, architecture })],
    ['DEBIAN/conffiles', plain(conffiles.map((path) => `/${path}\n`).join(''))],
    ['DEBIAN/md5sums', plain(digests(files))],
    ...['postinst', 'prerm', 'postrm'].map((name) => [`DEBIAN/${name}`, script(name)]),
  ]);
}

/** Returns the files that describe the package of the other names. */
export function frontEndControlFiles(root, files, { version }) {
  return new Map([['DEBIAN/control', control(root, 'control-ipvsadm', files, { version })]]);
}

function control(root, name, files, { version, architecture = 'all' }) {
  const bytes = [...files.values()].reduce((sum, { content }) => sum + (content?.length ?? 0), 0);
  return plain(
    readFileSync(join(root, '.ci/package/debian', name), 'utf8')
      .replace('MAINTAINER', MAINTAINER)
      .replaceAll('VERSION', version)
      .replace('ARCHITECTURE', architecture)
      .replace('SIZE', `${Math.ceil(bytes / 1024)}`),
  );
}

function digests(files) {
  return [...files]
    .filter(([path, { link }]) => link === undefined && !path.startsWith('etc/'))
    .map(([path, { content }]) => `${createHash('md5').update(content).digest('hex')}  ${path}\n`)
    .join('');
}

function plain(content) {
  return { content, mode: 0o644 };
}

/** A changelog as Debian reads it. The one for people is CHANGELOG.md. */
function changelog(version, epoch) {
  const date = new Date(epoch * 1000).toUTCString().replace('GMT', '+0000');
  return `ipvstate (${version}) stable; urgency=medium\n\n  * See CHANGELOG.md.gz.\n\n -- ${MAINTAINER}  ${date}\n`;
}
