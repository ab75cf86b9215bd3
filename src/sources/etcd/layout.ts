import { IpvstateError } from '../../errors.ts';
import { isNodeName } from '../../model/node.ts';
import { hasInvisible } from '../../model/printable.ts';
import {
  isCount,
  isObject,
  isText,
  isTextUpTo,
  isTime,
  listOf,
  nullable,
  objectOf,
  optional,
  type Shape,
} from '../../model/shape.ts';

// The keys below a prefix. A generation is never changed, and neither is a chunk, which is named by
// its digest. `current` names the generation in force.

export function currentKey(prefix: string): string {
  return `${prefix}/current`;
}

/** The beginning of the keys of all generations. */
export function generationsKey(prefix: string): string {
  return `${prefix}/generations/`;
}

/** The digits make the order of the keys that of the numbers. */
export function generationKey(prefix: string, generation: number): string {
  return `${generationsKey(prefix)}${String(generation).padStart(16, '0')}`;
}

/** The number of a generation from its key. undefined for the key of anything else. */
export function generationOfKey(prefix: string, key: string): number | undefined {
  const digits = key.slice(generationsKey(prefix).length);
  return /^\d{16}$/.test(digits) ? Number(digits) : undefined;
}

/** The beginning of the keys of all chunks. */
export function chunksKey(prefix: string): string {
  return `${prefix}/chunks/`;
}

/** The key of the rollout of a generation, which is never changed either. */
export function rolloutKey(prefix: string, generation: number): string {
  return `${prefix}/rollouts/${String(generation).padStart(16, '0')}`;
}

/** The key of the last word of an operator about a rollout. */
export function rolloutMarkKey(prefix: string): string {
  return `${prefix}/rollout-mark`;
}

export function chunkKey(prefix: string, digest: string): string {
  return `${chunksKey(prefix)}${digest}`;
}

/** The value of `current`. */
export interface Current {
  readonly generation: number;
  /** The digest of the manifest. */
  readonly sha256: string;
  /** The digest of its rollout. Absent: every director takes the generation at once. */
  readonly rollout?: string | undefined;
}

/** A file of a generation. Its chunks in a row are its content. */
interface ManifestFile {
  /** `NAME.yaml`, or `nodes/NODE/NAME.yaml`. */
  readonly name: string;
  readonly sha256: string;
  readonly chunks: readonly string[];
}

/** The description of a generation. */
export interface Manifest {
  readonly generation: number;
  /** The generation before it. null for the first. */
  readonly parent: number | null;
  /** The earlier generation whose files it has, when it was pushed to go back. */
  readonly copy_of: number | null;
  readonly author: string;
  readonly message: string;
  readonly created: string;
  readonly files: readonly ManifestFile[];
}

/** The longest message and the longest author, in characters. */
export const MAX_MESSAGE_LENGTH = 1000;

const isDigest: Shape<string> = (value): value is string =>
  isText(value) && /^[0-9a-f]{64}$/.test(value);
const isGeneration: Shape<number> = (value): value is number => isCount(value) && value > 0;

const CURRENT = {
  name: 'ipvstate-current',
  shape: objectOf<Current>({
    generation: isGeneration,
    sha256: isDigest,
    rollout: optional(isDigest),
  }),
};

const MANIFEST = {
  name: 'ipvstate-generation',
  shape: objectOf<Manifest>({
    generation: isGeneration,
    parent: nullable(isGeneration),
    copy_of: nullable(isGeneration),
    author: isTextUpTo(MAX_MESSAGE_LENGTH),
    message: isTextUpTo(MAX_MESSAGE_LENGTH),
    created: isTime,
    files: listOf(
      objectOf<ManifestFile>({ name: isFileName, sha256: isDigest, chunks: listOf(isDigest) }),
    ),
  }),
};

const VERSION = 1;

export function encodeCurrent(current: Current): Buffer {
  return encode(CURRENT.name, current);
}

export function encodeManifest(manifest: Manifest): Buffer {
  return encode(MANIFEST.name, manifest);
}

/** Throws `CONFIG` for a value that is damaged, or of another version. */
export function decodeCurrent(key: string, value: Buffer): Current {
  const hint =
    `Look at it: etcdctl get ${key}. ` +
    `When no other program needs it: etcdctl del ${key}, and push again.`;
  return decode(key, value, CURRENT.name, CURRENT.shape, hint);
}

export function decodeManifest(key: string, value: Buffer): Manifest {
  return decode(key, value, MANIFEST.name, MANIFEST.shape);
}

function encode(format: string, value: object): Buffer {
  return Buffer.from(JSON.stringify({ format, version: VERSION, ...value }));
}

function decode<T>(key: string, value: Buffer, format: string, shape: Shape<T>, hint?: string): T {
  const options = hint === undefined ? {} : { hint };
  let document: unknown;
  try {
    document = JSON.parse(value.toString('utf8'));
  } catch {
    throw new IpvstateError('CONFIG', `etcd:${key} is damaged`, options);
  }
  if (!isObject(document) || document.format !== format)
    throw new IpvstateError('CONFIG', `etcd:${key} is no ${format}`, options);
  if (document.version !== VERSION) {
    const found = JSON.stringify(document.version);
    throw new IpvstateError(
      'CONFIG',
      `etcd:${key} has version ${found}, and this program knows version ${VERSION}`,
      { hint: 'Update this program before the one that pushes.' },
    );
  }
  if (!shape(document)) throw new IpvstateError('CONFIG', `etcd:${key} is damaged`, options);
  return document;
}

/** Tells whether a text can be the name of a file of a generation. */
export function isFileName(text: unknown): text is string {
  if (!isText(text) || text.length > 255 || hasInvisible(text)) return false;
  const parts = text.split('/');
  const name = parts.at(-1) ?? '';
  const isPlain = /^[^./][^/]*\.(?:ya?ml|json)$/.test(name);
  return isPlain && (parts.length === 1 || nodeOf(text) !== undefined);
}

/** The node that a file of a generation is for. undefined: all nodes. */
export function nodeOf(name: string): string | undefined {
  const [folder, node = '', file] = name.split('/');
  return folder === 'nodes' && file !== undefined && isNodeName(node) ? node : undefined;
}
