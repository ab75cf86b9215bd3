// RPM packages of the same files, made by rpmbuild, which Debian has as well.
import { dirname } from 'node:path';

/** The folders that belong to no other package. */
const OWN = /^(?:etc|usr\/lib|usr\/share|usr\/share\/doc)\/ipvstate(?:\/|$)/;

/** Returns the list of files of a spec: each file, and each folder that is ipvstate's own. */
export function fileList(files) {
  const folders = new Set();
  for (const path of files.keys())
    for (let folder = dirname(path); OWN.test(folder); folder = dirname(folder))
      folders.add(folder);
  return [
    ...[...folders].sort().map((folder) => `%dir "/${folder}"\n`),
    ...[...files.keys()].map((path) =>
      path.startsWith('etc/') ? `%config(noreplace) "/${path}"\n` : `"/${path}"\n`,
    ),
  ].join('');
}

/**
 * Returns the arguments of rpmbuild. They keep the files as they are, stripped of nothing, and make
 * the package independent of the machine and of the clock.
 */
export function rpmbuildArguments(spec, { target, work, output, payload }) {
  const macros = {
    _topdir: work,
    _dbpath: `${work}/db`,
    _rpmdir: output,
    _rpmfilename: '%{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm',
    _buildhost: 'ipvstate',
    _binary_payload: payload,
    _build_id_links: 'none',
    __os_install_post: '%{nil}',
    debug_package: '%{nil}',
    use_source_date_epoch_as_buildtime: '1',
    clamp_mtime_to_source_date_epoch: '1',
  };
  const defines = Object.entries(macros).flatMap(([name, value]) => [
    '--define',
    `${name} ${value}`,
  ]);
  return ['-bb', '--quiet', '--target', `${target}-linux`, ...defines, spec];
}
