import { type Address, addressFamily, endOfIPv4, type Family } from '../../../model/address.ts';
import { formatEndpoint, parseEndpoint, parsePort } from '../../../model/endpoint.ts';

const COLON = 0x3a;

/** An address and a port somewhere in a text. Nothing is taken out of the text before it is asked for: one object reads many. */
export class EndpointInText {
  family: Family = 'ipv4';
  port = 0;
  #text = '';
  #start = 0;
  #colon = 0;
  #end = 0;
  #address: Address | undefined;

  /** Reads `10.0.0.1:80` or `[2001:db8::1]:80`; false when `[start, end)` is anything else, or no usual spelling. */
  read(text: string, start: number, end: number): boolean {
    const colon = endOfIPv4(text, start);
    if (colon === -1) return this.#readOther(text.slice(start, end));
    const port = text.charCodeAt(colon) === COLON ? parsePort(text, colon + 1, end) : undefined;
    if (port === undefined) return false;
    this.family = 'ipv4';
    this.port = port;
    this.#text = text;
    this.#start = start;
    this.#colon = colon;
    this.#end = end;
    this.#address = undefined;
    return true;
  }

  get address(): Address {
    this.#address ??= this.#text.slice(this.#start, this.#colon) as Address;
    return this.#address;
  }

  /** As `formatEndpoint` writes it. Of IPv4 that is a part of the text, which takes less memory than a new one. */
  get formatted(): string {
    return this.family === 'ipv4'
      ? this.#text.slice(this.#start, this.#end)
      : formatEndpoint(this.address, this.port);
  }

  #readOther(text: string): boolean {
    const { address, port } = parseEndpoint(text) ?? {};
    if (address === undefined || port === undefined) return false;
    this.family = addressFamily(address);
    this.port = port;
    this.#address = address;
    return true;
  }
}
