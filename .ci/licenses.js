import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** `node_modules/@scope/name` of a bundled file, or null for the project's own. */
function packageFolder(input) {
  return /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0] ?? null;
}

/** Names, versions and licence texts of the packages that `inputs`, paths from `root`, belong to. A package without a text is an error. */
export function thirdPartyLicenses(root, inputs) {
  const folders = [...new Set(inputs.map(packageFolder))].filter((folder) => folder !== null).sort();
  const parts = folders.map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'));
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (file === undefined || !existsSync(join(root, folder, file))) throw new Error(`${name} is bundled and has no licence text`);
    return `${name} ${version} (${license})\n\n${readFileSync(join(root, folder, file), 'utf8').trim()}\n`;
  });
  return `The files of this folder contain parts of the packages below.\n\n${parts.join(`\n${'-'.repeat(80)}\n\n`)}`;
}
