import type { Format } from '../format.ts';

/** The configuration of ldirectord, which checks servers and calls ipvsadm. */
export const LDIRECTORD: Format = {
  name: 'ldirectord',
  translatedFrom: 'an ldirectord.cf',
  freeText: /#/,
  recognise: (text) =>
    /^virtual6?[ \t]*=[ \t]*\S/m.test(text) &&
    /^[ \t]+(?:(?:real|fallback)6?|scheduler|checktype)[ \t]*=[ \t]*\S/m.test(text),
  parse: async (text, fileName, { readPortNames } = {}) => {
    const { parseLdirectord } = await import('./read.ts');
    const { withFileNames } = await import('../file-names.ts');
    const plain = text.startsWith('\ufeff') ? text.slice(1) : text;
    return withFileNames((names) => parseLdirectord(plain, fileName, names), readPortNames);
  },
};
