import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The package of a bundled file, such as `node_modules/@scope/name`. Null for a file of the
 * project.
 */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? null;
}

/**
 * The names, versions and licence texts of the packages of `inputs`, which are paths from `root`.
 * Throws for a package without a text.
 */
export function thirdPartyLicenses(root, inputs) {
  const folders = [...new Set(inputs.map(packageFolder))]
    .filter((folder) => folder !== null)
    .sort();
  const parts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(
      readFileSync(join(root, folder, 'package.json'), 'utf8'),
    );
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined || !existsSync(join(root, folder, file)))
      throw new Error(`${name} is bundled and has no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return `The files of this folder contain parts of the packages below.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
