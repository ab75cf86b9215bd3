import type { Format } from '../format.ts';

/** A block of keepalived, also behind a condition or a sequence. */
const BLOCK =
  /^[ \t]*(?:@\S+[ \t]+|~(?:SEQx?|LST)[ \t]*\([^\n]*\)[ \t]*)?(?:global_defs|local_address_group|static_(?:ipaddress|routes|rules)|vrrp_(?:instance|sync_group|script|track_\w+)|virtual_server(?:_group)?)\b(?!:)[^\n]*(?:\{|\n\s*\{)/m;

/** A file that begins by including others, such as `include conf.d/*.conf`. */
const INCLUDE = /^(?:\s|[#!][^\n]*\n)*include[rmwba]?[ \t]+\S/;

/** The configuration of keepalived, which is only read. */
export const KEEPALIVED: Format = {
  name: 'keepalived',
  recognise: (text) => BLOCK.test(text) || INCLUDE.test(text),
  parse: async (text, file, options) =>
    (await import('./reader.ts')).parseKeepalived(text, file, options),
  translatedFrom: 'a keepalived.conf',
  freeText: /[#!]/,
};
