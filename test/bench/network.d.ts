/** The address of the service. */
export const VIP: string;
/** The addresses of the servers, which answer on port 8080. */
export const SERVERS: readonly string[];
export function layNetwork(director?: string): void;
export function takeNetworkAway(): void;
export function startTraffic(pace?: {
  readonly loops?: number;
  readonly pauseMilliseconds?: number;
  readonly patienceMilliseconds?: number;
}): Promise<{
  /** Requests and failures so far, by kind. */
  counts(): Promise<Readonly<Record<'fresh' | 'kept', readonly [number, number]>>>;
  stop(): void;
}>;
