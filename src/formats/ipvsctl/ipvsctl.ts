import type { Format } from '../format.ts';

/** Tells YAML for ipvsctl by its keys, in a text without a version of ours. */
export function isIpvsctl(marked: string): boolean {
  const text = marked.replace(/^\ufeff/, '');
  return (
    !/^"?version"?[ \t]*:/m.test(text) &&
    /^services[ \t]*:/m.test(text) &&
    /(?:^|[{,])[ \t]*(?:-[ \t]+)?(?:sched[ \t]*:|forward[ \t]*:[ \t]*["']?(?:direct|nat)\b|address[ \t]*:[^\n]*\$\{)/m.test(
      text,
    )
  );
}

/** The configuration of ipvsctl, a program that applies YAML to IPVS. */
export const IPVSCTL: Format = {
  name: 'ipvsctl',
  translatedFrom: 'YAML for ipvsctl',
  recognise: isIpvsctl,
  parse: async (text, fileName, { environment } = {}) => {
    const { parseIpvsctl } = await import('./read.ts');
    const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
    return parseIpvsctl(plain, fileName, environment);
  },
};
