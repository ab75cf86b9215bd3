import { IpvstateError } from '../errors.ts';
import { isObject, type Shape } from '../model/shape.ts';

/** A kind of document that directors read of each other. */
export interface FleetFormat<T> {
  readonly name: string;
  readonly shape: Shape<T>;
  /** The largest document that is read, and written. */
  readonly maxBytes: number;
}

const VERSION = 1;

/** Throws `CONFIG` for a value that no reader would take. */
export function encodeDocument<T extends object>(
  { name, maxBytes }: FleetFormat<T>,
  value: T,
): Buffer {
  const bytes = Buffer.from(JSON.stringify({ format: name, version: VERSION, ...value }));
  if (bytes.length > maxBytes)
    throw new IpvstateError('CONFIG', `an ${name} would have more than ${maxBytes} bytes`);
  return bytes;
}

/** Throws `CONFIG` for a document that is damaged, or of another version. */
export function decodeDocument<T>(
  key: string,
  bytes: Buffer,
  { name, shape, maxBytes }: FleetFormat<T>,
): T {
  if (bytes.length > maxBytes)
    throw new IpvstateError('CONFIG', `etcd:${key} has more than ${maxBytes} bytes`);
  const document = parseJson(bytes);
  if (!isObject(document) || document.format !== name)
    throw new IpvstateError('CONFIG', `etcd:${key} is no ${name}`);
  if (document.version !== VERSION) {
    const found = JSON.stringify(document.version).slice(0, 20);
    throw new IpvstateError(
      'CONFIG',
      `etcd:${key} has version ${found}, and this program knows version ${VERSION}`,
      { hint: 'Update this program to the version of the one that wrote it.' },
    );
  }
  if (!shape(document)) throw new IpvstateError('CONFIG', `etcd:${key} is damaged`);
  return document;
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
