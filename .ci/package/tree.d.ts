import type { InstalledFiles } from './files.js';

export function writeTree(folder: string, files: InstalledFiles): void;
export function settle(folder: string, epoch: number | string): void;
