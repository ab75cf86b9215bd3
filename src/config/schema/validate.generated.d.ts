/** One violation, as ajv reports it. */
export interface SchemaError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** Checks a parsed configuration against schemas/config.schema.json. The errors of the last call are on the function. */
export const validate: {
  (data: unknown): boolean;
  errors?: readonly SchemaError[] | null;
};
