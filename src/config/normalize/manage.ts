import type { IssueCode } from '../../model/issue.ts';
import { type Cidr, networkOf, parseCidr } from '../../model/networks.ts';
import { isManaged, type Manage, type Range, type ServiceSelector } from '../../model/policy.ts';
import { MAX_FWMARK, serviceKey } from '../../model/service.ts';
import type { SelectorMapping } from '../config.ts';
import { atKey, atValue, type Path, type Place, type Report } from '../finding.ts';
import { describeValue } from '../schema/wrong-type.ts';
import type { Context } from './context.ts';
import { readServiceText } from './service-address.ts';

const MAX_PORT = 65_535;

/** Returns undefined for a file without `manage`, and after reporting an error. */
export function normalizeManage({ config, invalid, report }: Context): Manage | undefined {
  const written = config.manage;
  if (!written || invalid.sections.has('manage')) return undefined;
  const { include, exclude = [] } = written;
  if (include === undefined && exclude.length === 0) {
    const message = '"manage" without include and exclude is the whole table';
    report({
      code: 'NO_EFFECT',
      severity: 'warning',
      message,
      place: atKey('manage'),
      hint: 'remove it',
    });
  }
  if (include?.length === 0) {
    const message = 'an empty include would manage nothing';
    const hint = 'leave it out for the whole table, or write services: []';
    report({
      code: 'BAD_VALUE',
      severity: 'error',
      message,
      place: atKey('manage', 'include'),
      hint,
    });
  }
  const included = include?.map((selector, index) =>
    normalizeSelector(selector, ['manage', 'include', index], report),
  );
  const excluded = exclude.map((selector, index) =>
    normalizeSelector(selector, ['manage', 'exclude', index], report),
  );
  const isWhole =
    include?.length !== 0 &&
    [...(included ?? []), ...excluded].every((selector) => selector !== undefined);
  if (!isWhole) return undefined;
  return { include: included?.filter(isGood), exclude: excluded.filter(isGood) };
}

function isGood(selector: ServiceSelector | undefined): selector is ServiceSelector {
  return selector !== undefined;
}

type Draft = { -readonly [K in keyof ServiceSelector]: ServiceSelector[K] };

function normalizeSelector(
  written: SelectorMapping,
  path: Path,
  report: Report,
): ServiceSelector | undefined {
  const at = (key: keyof SelectorMapping): Place => atValue(...path, key);
  const refuse = (code: IssueCode, message: string, hint: string): undefined => {
    report({ code, severity: 'error', message, place: atValue(...path), hint });
  };
  const selector: Draft = {};
  let good = true;
  const set = <K extends keyof ServiceSelector>(
    key: K,
    value: ServiceSelector[K] | undefined,
  ): void => {
    if (value === undefined) good = false;
    else selector[key] = value;
  };
  const { cidr, protocol, port, fwmark, service } = written;
  const identity =
    service === undefined ? undefined : readServiceText(service, at('service'), report);
  if (cidr !== undefined) set('cidr', readCidr(cidr, at('cidr'), report));
  if (protocol !== undefined) set('protocol', protocol);
  if (port !== undefined) set('port', readRange(port, 'port', 0, MAX_PORT, at('port'), report));
  if (fwmark !== undefined)
    set('fwmark', readRange(fwmark, 'fwmark', 1, MAX_FWMARK, at('fwmark'), report));
  if (service !== undefined) set('service', identity && serviceKey(identity));
  if (!good) return undefined;
  if (Object.keys(selector).length === 0) {
    return refuse(
      'BAD_VALUE',
      'an empty selector would match every service',
      'write cidr, protocol, port, fwmark or service',
    );
  }
  const other =
    cidr !== undefined
      ? 'cidr'
      : protocol !== undefined
        ? 'protocol'
        : port !== undefined
          ? 'port'
          : undefined;
  if (fwmark !== undefined && other !== undefined) {
    return refuse(
      'CONFLICT',
      `this matches nothing: no service has both a mark and a ${other}`,
      'write two selectors',
    );
  }
  if (identity && !isManaged({ include: [selector], exclude: [] }, identity)) {
    const key = serviceKey(identity);
    const message = `this matches nothing: ${key} does not meet the other conditions`;
    return refuse('CONFLICT', message, 'an exact service needs none beside it');
  }
  return selector;
}

function readCidr(text: string, place: Place, report: Report): Cidr | undefined {
  const cidr = parseCidr(text);
  if (cidr) return cidr;
  const network = networkOf(text);
  const message =
    network === undefined
      ? `${describeValue(text)} is not a network`
      : `${describeValue(text)} is an address in a network, not a network`;
  const hint =
    network === undefined ? 'write 192.0.2.0/24, 2001:db8::/32 or one address' : `write ${network}`;
  report({ code: 'ADDRESS', severity: 'error', message, place, hint });
  return undefined;
}

function readRange(
  value: number | string,
  name: string,
  smallest: number,
  largest: number,
  place: Place,
  report: Report,
): Range | undefined {
  if (typeof value === 'number') return { min: value, max: value };
  const match = /^(0|[1-9]\d{0,9})-(0|[1-9]\d{0,9})$/.exec(value);
  const [min, max] = [Number(match?.[1]), Number(match?.[2])];
  if (match && min >= smallest && max <= largest && min <= max) return { min, max };
  const message = `${describeValue(value)} is not a range of ${name}s`;
  const example = name === 'port' ? '8000-8999' : '100-199';
  const hint = /^\d+$/.test(value)
    ? `write ${value} without quotes`
    : match && min > max
      ? `write ${max}-${min}`
      : `write a number, or two as ${example}, from ${smallest} to ${largest}`;
  report({ code: 'BAD_VALUE', severity: 'error', message, place, hint });
  return undefined;
}
