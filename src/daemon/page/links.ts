const PREFIX = '#/service/';

/** Returns the link to a service on this page. */
export function routeOf(address: string): string {
  return PREFIX + encodeURI(address);
}

/** Returns the service that the address of the page names. */
export function addressOfRoute(hash: string): string | undefined {
  if (!hash.startsWith(PREFIX)) return undefined;
  try {
    return decodeURI(hash.slice(PREFIX.length));
  } catch {
    return undefined;
  }
}
