import type { InstalledFiles } from './files.js';

interface Release {
  readonly version: string;
  readonly architecture: string;
  /** The time of the package in seconds since 1970. */
  readonly epoch: number;
}

export function debianFiles(
  root: string,
  files: InstalledFiles,
  release: Omit<Release, 'architecture'>,
): InstalledFiles;
export function debianFrontEndFiles(links: InstalledFiles): InstalledFiles;
export function controlFiles(
  root: string,
  files: InstalledFiles,
  release: Omit<Release, 'epoch'>,
): InstalledFiles;
export function frontEndControlFiles(
  root: string,
  files: InstalledFiles,
  release: Pick<Release, 'version'>,
): InstalledFiles;
