interface InstalledFile {
  readonly content?: string | Buffer;
  readonly mode?: number;
  readonly link?: string;
}

export const MAINTAINER: string;
export function installedFiles(
  root: string,
  options: {
    readonly architecture: string;
    /** The folder of the Node that the package contains. */
    readonly runtime: string;
    readonly version: string;
    /** The time of the package in seconds since 1970. */
    readonly epoch: number;
  },
): ReadonlyMap<string, InstalledFile>;
