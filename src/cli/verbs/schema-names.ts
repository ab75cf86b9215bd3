/** In a file of its own, so that the command line knows the names without loading the schemas. */
export const SCHEMA_NAMES = ['config', 'plan', 'report', 'journal'] as const;

export type SchemaName = (typeof SCHEMA_NAMES)[number];
