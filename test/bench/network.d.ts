export function layNetwork(): void;
export function takeNetworkAway(): void;
export function startTraffic(): Promise<{
  /** Requests and failures so far, by kind. */
  counts(): Promise<Readonly<Record<'fresh' | 'kept', readonly [number, number]>>>;
  stop(): void;
}>;
