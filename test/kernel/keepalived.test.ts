import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openKernelTable } from '../../src/recovery/ipvs-stack.ts';
import { asIpvsadmSaves, linesOf } from '../support/real-save.ts';
import { runCli } from '../support/run-cli.ts';
import { until } from '../support/until.ts';
import { ipvsadm, shell } from './real-programs.ts';

/**
 * The last service of every configuration. keepalived adds services in the order of its file: when
 * this one is there, the others are.
 */
const LAST = 'virtual_server 192.0.2.254 9 { protocol TCP\nreal_server 10.0.0.1 9 { } }\n';

/** The files of each test. `k.conf` is the one that includes the others. */
const CONFIGURATIONS = {
  'every construct of the grammar': {
    'k.conf': `! comments # anywhere
$VIP=192.0.2.20
$RS=\\
    weight 5 \\
    uthreshold 9 \\ # most
    inhibit_on_failure

global_defs {
  lvs_timeouts tcp 800 udp 200
  lvs_sync_daemon lo id 7 maxlen 100 port 8849 ttl 2 group 224.0.0.82
  lvs_flush
}
include sub/*/{b,a}.conf
virtual_server $VIP 80 { lb_algo sh
  sh-port lb_kind DR
  lb_kind DR
  protocol tcp ! small
  real_server 10.0.0.3 80 {
    $RS
  }
  @high real_server 10.0.0.4 80 { weight 2 }
  @^high real_server 10.0.0.5 80 { weight 3 }
  real_server 10.0.0.6 80 { @high weight 4
  }
}
virtual_server 192.0.2.21 53
{
  lb_algo rr
  ops
  ~SEQ(N, 5, 7) real_server 10.0.1.$N 5353 { weight $N }
  ~SEQ(A, 1, 2) ~SEQ(B, 0x10, 1, 0x11) real_server 10.0.2\${A}.$B { }
  ~LST({IP, PORT}, {10.0.4.1, 81}, {10.0.4.2, 82}) real_server $IP $PORT { }
}
$V6=virtual_server 2001:db8::$N 80 { \\
  protocol SCTP \\
  persistence_granularity 64 \\
  real_server 2001:db8:1::$N { } \\
  }
~SEQx(N, 9, 11) $V6
virtual_server "192.0.2.23" 0 {
  lb_kind DR
  persistence_engine sip
  real_server 10.0.0.9 0 { }
}
${LAST}`,
    'sub/1/a.conf': '$INNER=../inner.conf\ninclude $INNER\n',
    'sub/1/b.conf': 'virtual_server 192.0.2.30 80 {\nweight 7\ninclude servers\n lb_kind NAT\n}\n',
    'sub/1/servers': 'real_server 10.0.5.1 8080 { }\nreal_server 10.0.5.2 { weight 0 }\n',
    'sub/2/a.conf': '# nothing\n',
    'sub/inner.conf':
      'virtual_server fwmark 78 {\n ip_family inet6\n lb_kind DR\n real_server 2001:db8::5 80 { }\n}\n',
    servers: 'real_server 10.9.9.9 80 { }\n',
  },
  'groups, marks, tunnels and defaults': {
    'k.conf': `virtual_server_group G1 {
  192.0.2.30 80
  192.0.2.31-33 81
  192.0.2.40-192.0.2.41 82
  192.0.2.48/30 83
  192.0.2.60
  fwmark 9
}
virtual_server_group G6 {
  2001:db8::fe-101 80
  2001:db8:0:1::/126 81
  fwmark 10 inet6
}
virtual_server group G1 {
  lvs_sched mh
  mh-port
  mh-fallback
  lvs_method TUN
  persistence_granularity 255.255.255.0
  protocol TCP
  real_server 10.0.0.1 80 { lvs_method TUN type gue port 6080 remcsum
  weight 3
  uthreshold 100
  lthreshold 50 }
  real_server 10.0.0.2 { lvs_method TUN type gre csum }
  real_server 10.0.0.3 { lvs_method NAT }
  real_server 10.0.0.4 84 { lvs_method NAT }
  real_server 10.0.0.5 { lvs_method DR }
  real_server 10.0.0.6 { }
}
virtual_server group G6 {
  lb_kind NAT
  protocol UDP
  ops
  persistence_timeout 77
  real_server 2001:db8:2::1 { }
  real_server 2001:db8:2::2 53 { weight 65535 }
}
virtual_server_group G3 { 192.0.2.90 80
  192.0.2.91 81 }
virtual_server group G3 {
  lb_kind DR
  protocol SCTP
  ip_family inet
  lvs_sched nq
  flag-1
  real_server 10.0.0.1 { }
}
virtual_server group G3 {
  protocol TCP
  real_server 10.0.0.1 { }
}
virtual_server fwmark 77 {
  lb_kind TUN
  protocol TCP
  ops
  real_server 2001:db8::5 0 { }
  real_server 10.0.0.1 88 { }
}
virtual_server fwmark 79 {
  persistence_timeout 60
  persistence_granularity 255.255.0.0
  real_server 10.0.0.1 88 { }
  real_server 10.0.0.2 { }
}
virtual_server 192.0.2.70 80 {
  protocol TCP
  ops
  hashed
  persistence_timeout
  persistence_granularity 255.255.240.0
  real_server 10.0.0.1 80 { }
  real_server 10.0.0.2 81 { lvs_method DR }
  lb_kind TUN
  real_server 2001:db8::1 { }
  quorum 2
  lb_kind NAT
  sorry_server 10.0.0.9
  sorry_server_inhibit
}
virtual_server fwmark 80 {
  real_server 10.0.0.1 { lvs_method TUN }
  sorry_server 2001:db8::9 80
  sorry_server_inhibit
}
virtual_server 192.0.2.71 80 {
  protocol TCP
  lb_kind DR
}
virtual_server 192.0.2.72 80 {
  real_server 10.0.0.9 { }
  real_server 10.0.0.10 8080 { weight 2 }
}
${LAST}`,
  },
} satisfies Record<string, Record<string, string>>;

let folder: string;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'ipvstate-keepalived-'));
  await ipvsadm('-C');
});
afterEach(async () => {
  await ipvsadm('--set 900 120 300');
  rmSync(folder, { recursive: true, force: true });
});

/** Runs keepalived with a file until the returned function is called. */
async function startKeepalived(file: string): Promise<() => Promise<void>> {
  const pids = [`-p ${folder}/parent.pid`, `-c ${folder}/checkers.pid`].join(' ');
  const command = `keepalived -C -n -l -i high ${pids} -f ${file} >${folder}/log 2>&1 &`;
  await shell.run('sh', ['-c', command]);
  return async () => {
    await shell.run('sh', ['-c', `kill $(cat ${folder}/parent.pid)`]);
    await until('keepalived has ended', () => !existsSync(`${folder}/parent.pid`));
  };
}

test.each(Object.entries(CONFIGURATIONS))(
  'keepalived and ipvstate make the same table of %s',
  async (_, files) => {
    for (const [name, text] of Object.entries<string>(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), text);
    }
    const file = join(folder, 'k.conf');
    const imported = await runCli(['import', file, '--config-id', 'high', '-o', 'save']);
    expect(imported).toMatchObject({ status: 0 });
    const stop = await startKeepalived(file);
    try {
      await expect
        .poll(async () => linesOf(await ipvsadm('-S -n')), { timeout: 60_000, interval: 250 })
        .toEqual(asIpvsadmSaves(imported.stdout));
      // Thresholds, timeouts and sync daemons are compared with the kernel itself.
      const diff = ['diff', file, 'live', '--config-id', 'high', '-q'];
      const { stdout } = await runCli(diff, { openKernel: openKernelTable });
      expect(stdout).toBe('No differences.\n');
    } finally {
      await stop();
    }
  },
);
