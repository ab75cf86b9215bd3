import { atValue, type Finding, type Path } from '../finding.ts';

const NAMES: Readonly<Record<string, string>> = {
  integer: 'a whole number',
  string: 'text',
  array: 'a list',
  object: 'a mapping',
  boolean: 'true or false',
};

/**
 * The finding for a value of the wrong type. The hint says why YAML read the text as another type.
 */
export function wrongType(
  key: string,
  path: Path,
  value: unknown,
  type: string | readonly string[],
): Finding {
  const types = typeof type === 'string' ? [type] : type;
  const wanted = types.map((name) => NAMES[name] ?? name).join(types.length > 2 ? ', ' : ' or ');
  const isAddress = key === 'address' || key === 'an item of destinations';
  const hint =
    isAddress && typeof value === 'number'
      ? 'write a whole address, such as 10.0.0.1:80'
      : typeHint(value, types);
  const found = path.length === 0 && typeof value === 'string' ? 'is text' : foundValue(value);
  return {
    code: 'WRONG_TYPE',
    severity: 'error',
    message: `${key} ${found}; it must be ${wanted}`,
    place: atValue(...path),
    ...(hint === undefined ? {} : { hint }),
  };
}

function foundValue(value: unknown): string {
  return value === null ? 'has no value' : `is ${describeValue(value)}`;
}

/** A value in a message: text in quotes, cut when it is long. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string')
    return JSON.stringify(value.length > 40 ? `${value.slice(0, 39)}…` : value);
  if (value === null) return 'empty';
  if (Array.isArray(value)) return 'a list';
  return typeof value === 'object' ? 'a mapping' : String(value);
}

function typeHint(value: unknown, types: readonly string[]): string | undefined {
  if (value === null) return types.includes('array') ? 'write [] for an empty list' : undefined;
  const wants = (type: string) => types.includes(type);
  if (typeof value === 'string') {
    if (wants('boolean') && /^(?:y|yes|on|true)$/i.test(value))
      return `YAML 1.2 reads ${value} as text: write true`;
    if (wants('boolean') && /^(?:n|no|off|false)$/i.test(value))
      return `YAML 1.2 reads ${value} as text: write false`;
    if (wants('integer') && /^[0-9]+$/.test(value)) return `write ${value} without quotes`;
    if (wants('array')) return 'put it in [brackets], or write it below with "- " before it';
    return undefined;
  }
  if (typeof value === 'number' && wants('string')) return 'put it in quotes';
  if (typeof value === 'boolean' && wants('string')) {
    if (!wants('object')) return 'put it in quotes';
    if (!value) return 'write off';
    return wants('integer') ? 'write a duration such as 6m, or a mapping' : 'write a mapping';
  }
  if (Array.isArray(value)) {
    const [only] = value as unknown[];
    if (wants('string') && value.length === 1 && typeof only === 'string' && only.includes(':'))
      return `quote it: "[${only}]"`;
    return undefined;
  }
  return wants('array') ? 'write each item with "- " before it' : undefined;
}
