import { unavailable } from './family.ts';
import type { ConnectionPool } from './pool.ts';

/** The family id is unknown to the kernel, and nothing of the request was executed. */
export class StaleFamilyError extends Error {}

const MAX_RESOLUTIONS = 3;

/** Runs with the current family id; when it turns out stale (module loaded again), resolves it anew and runs again. */
export async function withFamily<T>(pool: ConnectionPool, run: (family: number) => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    const family = await pool.family();
    try {
      return await run(family);
    } catch (error) {
      if (!(error instanceof StaleFamilyError)) throw error;
      pool.forgetFamily();
      if (attempt === MAX_RESOLUTIONS) throw unavailable();
    }
  }
}
