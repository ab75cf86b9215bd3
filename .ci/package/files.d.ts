interface InstalledFile {
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly link?: string;
}

/** The files by their path from the root of the machine. */
export type InstalledFiles = ReadonlyMap<string, InstalledFile>;

export const MAINTAINER: string;
export const ARCHITECTURES: Readonly<
  Record<'amd64' | 'arm64', { readonly node: string; readonly rpm: string }>
>;
export function installedFiles(
  root: string,
  options: {
    readonly architecture: string;
    /** The folder of the Node that the package contains. */
    readonly runtime: string;
  },
): InstalledFiles;
export function frontEndFiles(): InstalledFiles;
