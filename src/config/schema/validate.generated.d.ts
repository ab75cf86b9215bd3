/** One violation, as ajv reports it. */
export interface SchemaError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/**
 * Checks a parsed configuration against schemas/config.schema.json. `errors` has the errors of the
 * last call.
 */
export const validate: {
  (data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
};
