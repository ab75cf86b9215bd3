import { describe, expect, it } from 'vitest';
import { formatConfig } from '../../../src/config/write/yaml.ts';
import { read } from './read.ts';

const CONFIGURATION = `! Configuration of edge 1
# changes go to the team

# the instance
vrrp_instance V {
  # inside
}
# the web
virtual_server 192.0.2.1 80 { # shop
  # for all
  lb_algo rr # fair
  # seldom
  delay_loop 6 # seconds
  protocol TCP
  # the first
  real_server 10.0.0.1 80 { # one
    weight 2 # strong
    TCP_CHECK { # check
      # of it
    }
    # last
  }
  #real_server 10.0.0.2 80 {
  #  weight 1
  #}
}
# two addresses
virtual_server_group dns {
  192.0.2.2 53 # a
  # second
  192.0.2.3 53
}
virtual_server group dns {
  # any
  real_server 10.0.0.3 53 { }
}
# virtual_server 192.0.2.9 80 { }
vrrp_script S {
}
# the end
`;

describe('the layout of a keepalived.conf', () => {
  it('has each comment of what is carried over once, beside its entry', async () => {
    const { layout } = await read(CONFIGURATION);
    expect(layout).toEqual({
      head: ['Configuration of edge 1', 'changes go to the team', 'the instance'],
      services: new Map([
        [
          'tcp://192.0.2.1:80',
          {
            above: ['the web', 'for all', 'fair', 'seldom'],
            beside: 'shop',
            destinations: new Map([
              ['10.0.0.1:80', { above: ['the first', 'strong', 'last'], beside: 'one' }],
            ]),
            below: ['real_server 10.0.0.2 80 {', 'weight 1', '}'],
          },
        ],
        [
          'udp://192.0.2.2:53',
          {
            above: ['two addresses', 'a'],
            destinations: new Map([['10.0.0.3:53', { above: ['any'] }]]),
            below: [],
            pool: 'dns',
          },
        ],
        [
          'udp://192.0.2.3:53',
          { above: ['second'], destinations: new Map(), below: [], pool: 'dns' },
        ],
      ]),
      tail: ['virtual_server 192.0.2.9 80 { }', 'the end'],
    });
  });

  it('is written as a configuration that leads to the same table', async () => {
    const { desired, layout } = await read(CONFIGURATION);
    if (!desired || !layout) throw new Error('not read');
    expect(`\n${formatConfig(desired, { layout })}`).toMatchInlineSnapshot(`
      "
      # Configuration of edge 1
      # changes go to the team
      # the instance
      version: 1

      defaults: { scheduler: wlc, forward: masq }

      services:
        # the web
        # for all
        # fair
        # seldom
        - address: tcp://192.0.2.1:80 # shop
          scheduler: rr
          destinations:
            # the first
            # strong
            # last
            - { address: 10.0.0.1, weight: 2 } # one
            # real_server 10.0.0.2 80 {
            # weight 1
            # }

        # two addresses
        # a
        - address: udp://192.0.2.2:53
          destinations:
            # any
            - 10.0.0.3

        # second
        - { address: udp://192.0.2.3:53, destinations: [10.0.0.3] }

      # virtual_server 192.0.2.9 80 { }
      # the end
      "
    `);
  });

  it('has the comments of a first server above it, and not in the head', async () => {
    const { layout } = await read(
      '# head\n\n# web\nvirtual_server 192.0.2.1 80 {\n real_server 10.0.0.1 80 { }\n}\n',
    );
    expect(layout?.head).toEqual(['head']);
    expect(layout?.services.values().next().value?.above).toEqual(['web']);
  });

  it('keeps the comments of a virtual server whose servers are all taken out', async () => {
    const text =
      '# old\nvirtual_server 192.0.2.9 80 {\n # slow\n lb_algo rr\n #real_server 10.0.0.9 80 { }\n}\n';
    const { layout } = await read(
      `${text}virtual_server 192.0.2.1 80 {\n real_server 10.0.0.1 80 { }\n}\n`,
    );
    expect(layout?.services.values().next().value?.above).toEqual([
      'old',
      'slow',
      'real_server 10.0.0.9 80 { }',
    ]);
  });

  it('has the order of the file', async () => {
    const { desired } = await read(
      'virtual_server 192.0.2.9 80 {\n real_server 10.0.0.9 80 { }\n real_server 10.0.0.1 80 { }\n}\nvirtual_server 192.0.2.1 80 {\n real_server 10.0.0.1 80 { }\n}\n',
    );
    expect([...(desired?.services.keys() ?? [])]).toEqual([
      'udp://192.0.2.9:80',
      'udp://192.0.2.1:80',
    ]);
    expect([...(desired?.services.values().next().value?.destinations.keys() ?? [])]).toEqual([
      '10.0.0.9:80',
      '10.0.0.1:80',
    ]);
  });
});
