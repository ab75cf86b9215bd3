const known = new WeakMap<Buffer, string>();

/**
 * SHA-256 in hexadecimal digits, computed once for each buffer. Loads node:crypto when it is first
 * called: that takes 10 ms, and most commands need no digest.
 */
export async function sha256(bytes: Buffer): Promise<string> {
  const { createHash } = await import('node:crypto');
  const digest = known.get(bytes) ?? createHash('sha256').update(bytes).digest('hex');
  known.set(bytes, digest);
  return digest;
}
