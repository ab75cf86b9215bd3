import { describe, expect, it } from 'vitest';
import { formatCanonical } from '../../src/config/canonical/canonical.ts';
import { KEY_ORDERS } from '../../src/config/canonical/key-order.ts';
import { MAPPINGS, type MappingKind } from '../../src/config/config.ts';
import { parseConfig } from '../../src/config/parse.ts';

function canonical(text: string): string {
  expect(parseConfig(text, 'a').desired).toBeDefined();
  const formatted = formatCanonical(text);
  expect(formatCanonical(formatted)).toBe(formatted);
  return formatted;
}

describe('the canonical form of YAML', () => {
  it('has the keys in one order, and quotes only where they are needed', () => {
    expect(
      canonical(`services:
    -   destinations:
        - "10.1.0.11"
        - weight: 3
          'address': '10.1.0.12:8080'
        persistence: {netmask: 24, timeout: 10m}
        address: "tcp://192.0.2.10:443"
        name: 'shop'
        scheduler: "wlc"


    - {address: 'tcp://[2001:db8::1]:80', destinations: []}
limits: { max_service_deletes: "off", max_destination_deletes: off }
version:    1
`),
    ).toBe(`version: 1

limits: { max_service_deletes: "off", max_destination_deletes: off }

services:
  - name: shop
    address: tcp://192.0.2.10:443
    scheduler: wlc
    persistence: { timeout: 10m, netmask: 24 }
    destinations:
      - 10.1.0.11
      - { address: "10.1.0.12:8080", weight: 3 }

  - { address: "tcp://[2001:db8::1]:80", destinations: [] }
`);
  });

  it('keeps each comment with the entry that it is about', () => {
    expect(
      canonical(`# The file
# yaml-language-server: $schema=config.schema.json
services: # all of them
  # mail

  # smtp
  - # inside
    # the address
    address: tcp://192.0.2.1:25  # public
    # the label
    name: mail
    destinations: [ # on two racks
      10.0.0.1, # rack 1
      # the new one
      10.0.0.2
      # the third is broken
      ] # that is all
    # after the keys
# - address: tcp://192.0.2.9:9
  # web
  - address: tcp://192.0.2.1:80
    destinations:
      - 10.0.0.1
      # - 10.0.0.2
#      - 10.0.0.3
      - 10.0.0.4 # rack 4
      # - 10.0.0.5
  # end of services
version: 1 # the only one
# end
`),
    ).toBe(`# The file
# yaml-language-server: $schema=config.schema.json
version: 1 # the only one

services: # all of them
  # mail

  # smtp
  # inside
  # the address
  # the label
  - name: mail
    address: tcp://192.0.2.1:25 # public
    # that is all
    destinations: # on two racks
      - 10.0.0.1 # rack 1
      # the new one
      - 10.0.0.2
      # the third is broken
    # after the keys

  # - address: tcp://192.0.2.9:9
  # web
  - address: tcp://192.0.2.1:80
    destinations:
      - 10.0.0.1
      # - 10.0.0.2
      #      - 10.0.0.3
      - 10.0.0.4 # rack 4
      # - 10.0.0.5
  # end of services

# end
`);
  });
  it('keeps anchors, aliases and merges, and their order when an alias needs it', () => {
    expect(
      canonical(`version: 1
services:
  - &web
    address: tcp://192.0.2.1:80
    destinations: &servers [10.0.0.1, { address: 10.0.0.2, weight: 5 }]
  - <<: *web
    address: tcp://192.0.2.2:80
profiles: { p: { destinations: *servers } }
`),
    ).toBe(`version: 1

services:
  - &web
    address: tcp://192.0.2.1:80
    destinations: &servers
      - 10.0.0.1
      - { address: 10.0.0.2, weight: 5 }

  - <<: *web
    address: tcp://192.0.2.2:80

profiles: { p: { destinations: *servers } }
`);
  });

  it('has no marks of documents, no byte order mark and no carriage returns', () => {
    expect(
      canonical('\ufeff# head\r\n--- # mark\r\nversion: 1\r\nservices: []\r\n...\r\n# end\r\n'),
    ).toBe('# head\n# mark\nversion: 1\n\nservices: []\n\n# end\n');
  });

  it('breaks a line that is too long, and joins one that need not be broken', () => {
    const long = Array.from({ length: 9 }, (_, at) => `10.0.0.1${at}`);
    expect(
      canonical(`version: 1
pools:
  long: [${long.join(', ')}]
  short:
    - 10.0.0.1
    - 10.0.0.2
services: [{ address: "fwmark:1", destinations: [{ pool: long }] }]
`),
    ).toBe(`version: 1

pools:
  long:
${long.map((address) => `    - ${address}\n`).join('')}  short: [10.0.0.1, 10.0.0.2]

services: [{ address: fwmark:1, destinations: [{ pool: long }] }]
`);
  });

  it('does not take the text of a scalar for a comment', () => {
    expect(
      canonical(
        'version: 1\nservices:\n  - name: >-\n      # a\n      # b\n    address: fwmark:1 # c\n    destinations: []\n',
      ),
    ).toBe(
      'version: 1\n\nservices:\n  - name: "# a # b"\n    address: fwmark:1 # c\n    destinations: []\n',
    );
  });

  it('escapes characters that a file may not have', () => {
    expect(
      canonical('version: 1\npools: { "a\\u200b\\u202e\\\\ \\"": [] }\nservices: []\n'),
    ).toContain('pools: { "a\\u200b\\u202e\\\\ \\"": [] }');
  });

  it('keeps the comments within empty brackets', () => {
    const text = 'version: 1\nservices: [ # none\n  # yet\n  ]\n';
    const formatted = 'version: 1\n\n# yet\nservices: [] # none\n';
    expect(canonical(text)).toBe(formatted);
    expect(canonical(formatted)).toBe(formatted);
  });
});

describe('the canonical form of JSON', () => {
  it('is JSON, with the keys in one order', () => {
    const text = canonical(
      '{"services":[{"destinations":["10.0.0.1"],"address":"tcp://192.0.2.1:80"}],' +
        '"pools":{"__proto__":[],"a\\u200bé":[]},"version":1}',
    );
    expect(text).toBe(`{
  "version": 1,
  "pools": {
    "__proto__": [],
    "a\\u200bé": []
  },
  "services": [
    {
      "address": "tcp://192.0.2.1:80",
      "destinations": [
        "10.0.0.1"
      ]
    }
  ]
}
`);
  });

  it('is YAML for a text in brackets that has comments', () => {
    expect(canonical('{ services: [], # none\n version: 1 }\n')).toBe(
      'version: 1\n\nservices: [] # none\n',
    );
  });
});

it.each(Object.keys(MAPPINGS) as MappingKind[])('knows the place of every key of %s', (kind) => {
  const keys: readonly string[] = MAPPINGS[kind].keys;
  expect(keys.filter((key) => !KEY_ORDERS[kind]?.includes(key))).toEqual([]);
});
