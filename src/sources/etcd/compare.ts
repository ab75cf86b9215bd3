/** A file that a generation and the files to push do not have alike. */
export interface FileDifference {
  readonly file: string;
  readonly change: 'added' | 'changed' | 'removed';
}

interface FileDigest {
  readonly name: string;
  readonly sha256: string;
}

/** Returns the changes that lead from the files of a generation to other ones. */
export function compareFiles(
  before: readonly FileDigest[],
  after: readonly FileDigest[],
): FileDifference[] {
  const known = new Map(before.map(({ name, sha256 }) => [name, sha256]));
  const found: FileDifference[] = [];
  for (const { name, sha256 } of after) {
    const digest = known.get(name);
    known.delete(name);
    if (digest === undefined) found.push({ file: name, change: 'added' });
    else if (digest !== sha256) found.push({ file: name, change: 'changed' });
  }
  for (const name of known.keys()) found.push({ file: name, change: 'removed' });
  return found;
}
