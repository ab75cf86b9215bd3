import { readFileSync } from 'node:fs';
import { until } from '../support/until.ts';
import { ipvsadm, shell } from './real-programs.ts';

/** The modules of IPVS that are loaded, the one that the others use last. */
function ipvsModules(): string[] {
  const loaded = readFileSync('/proc/modules', 'utf8').match(/^ip_vs\w*/gm) ?? [];
  return [...loaded.filter((name) => name !== 'ip_vs'), 'ip_vs'];
}

/**
 * Removes all modules of IPVS, and with them the table. A daemon is stopped by the signals that it
 * gets, so that it cannot use the module again, and stays stopped. A daemon that was stopped in the
 * middle of a read keeps the module, so it goes on for a moment before the next attempt.
 */
export async function removeIpvsModules(signalDaemon?: (signal: NodeJS.Signals) => void) {
  await until('the modules of IPVS are removed', async () => {
    signalDaemon?.('SIGSTOP');
    await ipvsadm('-C');
    const { status, stderr } = await shell.run('modprobe', ['-r', ...ipvsModules()]);
    if (status === 0) return true;
    signalDaemon?.('SIGCONT');
    throw new Error(stderr);
  });
}
