import type { Unknown } from '../../kernel/facts/fact.ts';
import type { KernelFacts } from '../../kernel/facts/machine.ts';
import { type ModuleFacts, moduleState } from '../../kernel/facts/modules.ts';
import { shellWord } from '../../model/shell-word.ts';
import { ftpServices, servicesBy } from '../desired-parts.ts';
import type { Check } from '../facts.ts';
import {
  advise,
  type Finding,
  failure,
  listOf,
  notKnown,
  ok,
  remark,
  run,
  warning,
} from '../finding.ts';

export const ADDON: Check = {
  name: 'native addon',
  examine: ({ kernel: { addonError } }) => {
    if (addonError === undefined) return [ok('it can be loaded')];
    const why = 'Without it, no command reads or writes the table of the kernel.';
    return [failure(addonError.message, why, advise(addonError.hint ?? ''))];
  },
};

/** IPVS itself. No question is put to it, because a question would load the module. */
export const IPVS: Check = {
  name: 'IPVS',
  examine: ({ kernel }) => {
    const { ipvs } = kernel;
    if (!ipvs.isKnown) return [notKnown('whether the kernel has IPVS', ipvs)];
    const absent = 'the kernel has no IPVS';
    if (isWithoutIpvs(kernel))
      return [
        failure(
          absent,
          `The kernel ${kernelName(kernel)} was built without IPVS, and can load no modules.`,
          advise('Use a kernel that has IPVS (CONFIG_IP_VS).'),
        ),
      ];
    if (ipvs.value === undefined) return [moduleFinding(kernel, 'ip_vs', absent)];
    const { version, services } = ipvs.value;
    const count = `${services} service${services === 1 ? '' : 's'}`;
    return [ok(`version ${version} is loaded, with ${count}`)];
  },
};

/** Tells whether the kernel has no IPVS and never can have it: then no part of it matters. */
function isWithoutIpvs({ ipvs, modules: { areSupported } }: KernelFacts): boolean {
  const isAbsent = ipvs.isKnown && ipvs.value === undefined;
  return isAbsent && areSupported.isKnown && !areSupported.value;
}

function kernelName({ release }: KernelFacts): string {
  return release.isKnown ? release.value : 'this kernel';
}

export const SCHEDULERS: Check = {
  name: 'schedulers',
  examine: ({ kernel, desired }) => {
    if (isWithoutIpvs(kernel)) return [];
    const used = [...servicesBy(desired, ({ scheduler }) => scheduler)];
    return used
      .filter(([scheduler]) => scheduler !== 'none')
      .map(([scheduler, services]) =>
        moduleFinding(
          kernel,
          `ip_vs_${scheduler}`,
          `scheduler ${scheduler} (${listOf(services)}) is not in this kernel`,
        ),
      );
  },
};

export const ENGINES: Check = {
  name: 'persistence engines',
  examine: ({ kernel, desired }) => {
    if (isWithoutIpvs(kernel)) return [];
    const used = [...servicesBy(desired, ({ persistenceEngine }) => persistenceEngine)];
    return used
      .filter(([engine]) => engine !== '')
      .map(([engine, services]) =>
        moduleFinding(
          kernel,
          `ip_vs_pe_${engine}`,
          `persistence engine ${engine} (${listOf(services)}) is not in this kernel`,
        ),
      );
  },
};

/** The kernel loads no helper of a protocol by itself. */
export const FTP: Check = {
  name: 'FTP',
  examine: ({ kernel, desired }) => {
    const services = ftpServices(desired);
    if (services.length === 0 || isWithoutIpvs(kernel)) return [];
    const subject = `the FTP helper ip_vs_ftp, for ${listOf(services)}`;
    switch (moduleState(kernel.modules, 'ip_vs_ftp')) {
      case 'loaded':
      case 'built-in':
        return [ok('the helper ip_vs_ftp is loaded')];
      case 'unknown':
        return [notListed(subject, kernel.modules, 'ip_vs_ftp')];
      default:
        return [
          warning(
            `${subject}, is not loaded`,
            'Without the helper, clients of FTP log in, and cannot transfer files: the address ' +
              'of the server is inside of the packets. The kernel does not load it by itself.',
            run('modprobe ip_vs_ftp'),
          ),
        ];
    }
  },
};

/** A finding about a module that the kernel loads when it is needed. */
function moduleFinding(kernel: KernelFacts, name: string, absent: string): Finding {
  const { modules } = kernel;
  const state = moduleState(modules, name);
  switch (state) {
    case 'loaded':
    case 'built-in':
      return ok(`${name} is loaded`);
    case 'unknown':
      return notListed(`module ${name}`, modules, name);
    case 'missing':
      return failure(
        absent,
        `The modules of ${kernelName(kernel)} do not have ${name}. A service that needs it is ` +
          'refused.',
        advise(
          `Install the package that has ${name} for ${kernelName(kernel)}, or use another kernel.`,
        ),
      );
    case 'on-disk':
      return unloaded(modules, name);
    default:
      return state satisfies never;
  }
}

function unloaded({ canLoad, loader }: ModuleFacts, name: string): Finding {
  if (!canLoad.isKnown) return notKnown(`whether ${name} can be loaded`, canLoad);
  if (!canLoad.value)
    return failure(
      `${name} is not loaded, and kernel.modules_disabled is 1`,
      'The kernel loads no module any more until the machine is restarted.',
      advise(`Restart the machine, and load ${name} before kernel.modules_disabled is set.`),
    );
  if (!loader.isKnown) return notKnown(`whether ${name} can be loaded`, loader);
  if (loader.value === '')
    return warning(
      `${name} is not loaded, and kernel.modprobe is empty`,
      'The kernel loads no module by itself, and refuses whatever needs this one.',
      run(`modprobe ${shellWord(name)}`),
    );
  if (name !== 'ip_vs') return ok(`${name} is not loaded, and would be when it is needed`);
  return remark(
    `${name} is not loaded, and would be when it is needed`,
    'The sysctls below net.ipv4.vs can be judged once it is loaded.',
    run(`modprobe ${shellWord(name)}`),
  );
}

/** A finding about a module that no list names. A kernel without modules may have it as a part. */
function notListed(subject: string, modules: ModuleFacts, name: string): Finding {
  const { areSupported, loaded, builtIn, onDisk } = modules;
  const unknown = (reason: string): Unknown => ({ isKnown: false, reason, needsRoot: false });
  if (areSupported.isKnown && !areSupported.value)
    return notKnown(subject, unknown('this kernel has no modules, and no list of its parts'));
  const command = `modprobe ${shellWord(name)}`;
  const unread = [loaded, builtIn, onDisk].find((fact): fact is Unknown => !fact.isKnown);
  if (unread) return notKnown(subject, unread, run(command));
  return notKnown(
    subject,
    unknown('it is not loaded, and there is no list of the modules in /lib/modules'),
    advise(`Run \`${command}\` on the machine itself: a container has no modules.`),
  );
}
