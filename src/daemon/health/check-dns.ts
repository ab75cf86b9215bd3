import { DNS_TYPES, type DnsCheck } from '../../model/health.ts';
import { type Answer, bad, good, type Target } from './answer.ts';
import { askUdp } from './check-udp.ts';

const HEADER_BYTES = 12;
const IS_ANSWER = 0x80;
const RECURSION_DESIRED = 0x01;
const CLASS_IN = 1;

const ERRORS = ['', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

/** Checks that a destination answers a DNS query without an error. */
export function checkDns(check: DnsCheck, target: Target): Promise<Answer> {
  const id = Math.floor(Math.random() * 65_536);
  return askUdp(target, encodeQuery(check, id), (message) => judgeAnswer(message, id));
}

/** Encodes a query (RFC 1035, section 4). */
export function encodeQuery({ name, type }: DnsCheck, id: number): Buffer {
  const labels = name.split('.').filter((label) => label !== '');
  const question = labels.map((label) => Buffer.from([label.length, ...Buffer.from(label)]));
  const header = Buffer.alloc(HEADER_BYTES);
  header.writeUInt16BE(id, 0);
  header.writeUInt8(RECURSION_DESIRED, 2);
  header.writeUInt16BE(1, 4);
  const end = Buffer.from([0, 0, DNS_TYPES[type], 0, CLASS_IN]);
  return Buffer.concat([header, ...question, end]);
}

/** Judges a message. Returns undefined for one that does not answer the query. */
export function judgeAnswer(message: Buffer, id: number): Answer | undefined {
  if (message.length < HEADER_BYTES || message.readUInt16BE(0) !== id) return undefined;
  if ((message.readUInt8(2) & IS_ANSWER) === 0) return undefined;
  const code = message.readUInt8(3) & 0x0f;
  return code === 0 ? good('NOERROR') : bad(`DNS ${ERRORS[code] ?? `error ${code}`}`);
}
