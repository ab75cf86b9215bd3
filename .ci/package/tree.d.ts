import type { installedFiles } from './files.js';

export function writeTree(folder: string, files: ReturnType<typeof installedFiles>): void;
export function settle(folder: string, epoch: number | string): void;
