/**
 * A value in JSON output and for people; null for none, and for a value that means nothing in its
 * object.
 */
export type FieldValue = string | number | boolean | null | readonly string[];

/**
 * The settings of an object by their names in the configuration file, in the order in which they
 * are printed.
 */
export type Fields = { readonly [name: string]: FieldValue };

/** Where a value that is the default is left out. */
type Omission = 'everywhere' | 'in YAML' | 'nowhere';

/** Everything that is said of one attribute. `Owner` is the object that has it. */
interface Attribute<Owner, Value> {
  /**
   * The key in the configuration file, in plans and in reports; `tunnel.port` is `port` in the
   * block `tunnel`.
   */
  readonly name: string;
  readonly default: Value;
  /** ipvsadm's option, by its long name. */
  readonly option?: string;
  /** The values of a number that the kernel and ipvsadm accept. */
  readonly range?: { readonly min: number; readonly max: number };
  /** Seconds are printed as a duration for people. */
  readonly unit?: 'seconds';
  /** The value that stands for "none": null in a plan, and never written to a file. */
  readonly none?: Value;
  /** Without it: everywhere. */
  readonly omitsDefault?: Omission;
  /** Another attribute prints this one with its own value. */
  readonly isPartOf?: string;
  /** Tells whether the attribute means anything in its object. Without it: always. */
  applies?(owner: Owner): boolean;
  /** The value as it is printed. Without it: as it is. */
  print?(value: Value, owner: Owner): FieldValue;
}

/**
 * An attribute with the name that it has in the model. All rows have the same shape, which makes
 * reading them fast.
 */
export interface Row<Owner, Settings> {
  readonly key: keyof Settings & keyof Owner;
  readonly name: string;
  /** The parts of a name: `tunnel` and `port` of `tunnel.port`. A name without a block has ''. */
  readonly block: string;
  readonly keyInBlock: string;
  readonly default: Settings[keyof Settings];
  readonly option: string | undefined;
  readonly range: { readonly min: number; readonly max: number } | undefined;
  readonly unit: 'seconds' | undefined;
  readonly hasNone: boolean;
  readonly none: Settings[keyof Settings] | undefined;
  readonly omitsDefault: Omission;
  readonly isPartOf: string | undefined;
  readonly applies: ((owner: Owner) => boolean) | undefined;
  readonly print: ((value: Settings[keyof Settings], owner: Owner) => FieldValue) | undefined;
}

/**
 * The rows of an object's attributes, in the order in which they are printed. A missing attribute
 * does not compile.
 */
export function attributeRows<Owner extends Settings, Settings extends object>(
  attributes: {
    readonly [Key in keyof Settings]-?: Attribute<Owner, Settings[Key]>;
  },
): readonly Row<Owner, Settings>[] {
  const keys = Object.keys(attributes) as (keyof Settings & keyof Owner)[];
  return keys.map((key) => {
    const attribute: Attribute<Owner, Settings[keyof Settings]> = attributes[key];
    const { name } = attribute;
    const dot = name.indexOf('.');
    return {
      key,
      name,
      block: name.slice(0, Math.max(dot, 0)),
      keyInBlock: name.slice(dot + 1),
      default: attribute.default,
      option: attribute.option,
      range: attribute.range,
      unit: attribute.unit,
      hasNone: 'none' in attribute,
      none: attribute.none,
      omitsDefault: attribute.omitsDefault ?? 'everywhere',
      isPartOf: attribute.isPartOf,
      applies: attribute.applies,
      print: attribute.print,
    };
  });
}

/** The default of every attribute. */
export function defaultsOf<Owner, Settings>(rows: readonly Row<Owner, Settings>[]): Settings {
  return Object.fromEntries(rows.map((row) => [row.key, row.default])) as Settings;
}

/** All attributes of an object, as they are printed. */
export function fieldsOf<Owner extends Settings, Settings>(
  rows: readonly Row<Owner, Settings>[],
  owner: Owner,
): Fields {
  const fields: Record<string, FieldValue> = {};
  for (const row of rows) if (row.isPartOf === undefined) fields[row.name] = fieldOf(row, owner);
  return fields;
}

/** One attribute of an object, as it is printed. */
function fieldOf<Owner extends Settings, Settings>(
  row: Row<Owner, Settings>,
  owner: Owner,
): FieldValue {
  const value: Settings[keyof Settings] = owner[row.key];
  if ((row.hasNone && value === row.none) || row.applies?.(owner) === false) return null;
  return row.print ? row.print(value, owner) : (value as FieldValue);
}

/** An attribute with its value as it is printed. */
export interface WrittenField {
  /** The block that has the key, such as `tunnel`; empty for none. */
  readonly block: string;
  readonly key: string;
  readonly value: FieldValue;
}

/**
 * The attributes that a file must have: without those that mean nothing in this object, and without
 * the defaults that the format leaves out.
 */
export function writtenFields<Owner extends Settings, Settings>(
  rows: readonly Row<Owner, Settings>[],
  owner: Owner,
  format: 'yaml' | 'json',
): WrittenField[] {
  const fields: WrittenField[] = [];
  for (const row of rows) {
    const { omitsDefault, block, keyInBlock: key } = row;
    const omits =
      omitsDefault === 'everywhere' || (omitsDefault === 'in YAML' && format === 'yaml');
    if (row.isPartOf !== undefined || (omits && owner[row.key] === row.default)) continue;
    const value = fieldOf(row, owner);
    if (value !== null) fields.push({ block, key, value });
  }
  return fields;
}
