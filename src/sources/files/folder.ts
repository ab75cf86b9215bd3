import { readdir } from 'node:fs/promises';

/** Whether a folder given as configuration means this file of it. Hidden names are those of editors, and of Kubernetes' `..data`. */
export function isConfigurationName(name: string): boolean {
  return /\.(?:ya?ml|json)$/.test(name) && !name.startsWith('.');
}

/** The names of a folder's configuration files, in the order of their bytes, so that it does not depend on the locale. */
export async function configurationNames(folder: string): Promise<string[]> {
  const names = (await readdir(folder)).filter(isConfigurationName);
  return names.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}
