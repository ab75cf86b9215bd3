/**
 * Text that is no configuration and no table. It is named as what it is, with the command that
 * gives one, because the rules of YAML say nothing about it.
 */
export interface ForeignText {
  /** The name of its format, as `validate` says it. */
  readonly name: string;
  readonly recognise: (text: string) => boolean;
  /** Follows "this is". */
  readonly is: string;
  readonly hint: string;
}

const LISTING = /^[ \t]*IP Virtual Server version \d|^Prot LocalAddress:Port Scheduler Flags/m;
/** Addresses in `/proc/net/ip_vs` are hexadecimal; IPv6 is in brackets. */
const PROC_LINE =
  /^(?:TCP|UDP|SCTP) +(?:[0-9A-F]{8}|\[[0-9A-F:]+\]):[0-9A-F]{4} |^FWM +[0-9A-F]{8} /m;

/** Foreign text, the most certain first: only the first that recognises a text counts. */
export const FOREIGN: readonly ForeignText[] = [
  {
    name: 'connections',
    recognise: (text) => /^IPVS connection entries$/m.test(text),
    is: 'a list of connections (`ipvsadm -Lc`), not a configuration',
    hint: '`ipvsadm -Sn` and `ipvstate export` write the table',
  },
  {
    name: 'proc',
    recognise: (text) => LISTING.test(text) && PROC_LINE.test(text),
    is: 'a copy of /proc/net/ip_vs, which lacks half of the settings',
    hint: '`ipvsadm -Sn` and `ipvstate export` write the whole table',
  },
  {
    name: 'listing',
    recognise: (text) => LISTING.test(text),
    is: 'a listing (`ipvsadm -L`), which lacks half of the settings',
    hint: '`ipvsadm -Sn` and `ipvstate export` write the whole table',
  },
];

/** The kind of a text that begins like no format of ours. */
export function foreignKind(text: string): ForeignText | undefined {
  return FOREIGN.find(({ recognise }) => recognise(text));
}
