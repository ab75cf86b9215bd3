import type { NameRemark, Names } from './ipvsadm/grammar/names.ts';
import { type PortNames, wellKnownPort } from './port-names.ts';

/**
 * The names of a file that is applied today and tomorrow, here and on other machines. A port has
 * the number that every machine knows. A number that only this machine knows is used with a remark,
 * and two different ones are refused. Hosts have no address: it may change every day.
 * @param here the names of this machine; undefined while they are not read
 */
export function fileNames(here?: PortNames): Names & { readonly wasAsked: () => boolean } {
  let remarks: NameRemark[] = [];
  let wasAsked = false;
  return {
    wasAsked: () => wasAsked,
    address: (name) => {
      if (isHostName(name)) remarks.push({ kind: 'host', name });
      return undefined;
    },
    port: (name, protocol) => {
      wasAsked = true;
      const everywhere = wellKnownPort(name);
      const local = here?.port(name, protocol);
      if (everywhere === undefined) {
        if (local !== undefined) remarks.push({ kind: 'local-port', name, port: local });
        return local;
      }
      if (local !== undefined && local !== everywhere)
        remarks.push({ kind: 'disputed-port', name, port: everywhere, here: local });
      return everywhere;
    },
    takeRemarks: () => {
      const taken = remarks;
      remarks = [];
      return taken;
    },
  };
}

/** Tells whether a text can be the name of a host, and is no misspelt address. */
function isHostName(text: string): boolean {
  return /^[\w-]+(?:\.[\w-]+)*\.?$/.test(text) && /[a-z]/i.test(text);
}

/**
 * Parses a text that may have names of ports. The names of this machine are read only for a text
 * that has some: the parser cannot wait for them, so it then runs a second time.
 */
export async function withFileNames<T>(
  parse: (names: Names) => T,
  readPortNames: (() => Promise<PortNames>) | undefined,
): Promise<T> {
  const names = fileNames();
  const result = parse(names);
  return names.wasAsked() && readPortNames ? parse(fileNames(await readPortNames())) : result;
}
