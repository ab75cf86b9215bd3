import type { InstalledFiles } from './files.js';

export function fileList(files: InstalledFiles): string;
