/** Values of the environment, by name. */
export type Variables = Readonly<Record<string, string | undefined>>;

interface Refusal {
  readonly message: string;
  readonly hint: string;
}

const PARAMETER = /\$\{([^{}]*)\}/g;

/**
 * Replaces each `${env.NAME}` of an address. ipvsctl has parameters of other sources, too: files,
 * URLs and interfaces, whose values nothing here knows.
 * @param environment undefined when the environment may not be read
 */
export function replaceParameters(
  text: string,
  environment: Variables | undefined,
): { readonly text: string } | Refusal {
  let refusal: Refusal | undefined;
  const replaced = text.replaceAll(PARAMETER, (all, name: string) => {
    const variable = /^env\.(\w+)$/.exec(name)?.[1];
    if (variable === undefined) {
      const message = `${all} is the value of a file, a URL or an interface of another machine`;
      refusal ??= { message, hint: 'write the value in its place' };
    } else if (!environment) {
      const hint = `write its value, or give \`import --env\` and ${variable}`;
      refusal ??= { message: `${all} depends on the environment`, hint };
    } else if (!Object.hasOwn(environment, variable)) {
      const hint = `set ${variable} before \`ipvstate import --env\``;
      refusal ??= { message: `${all}: the environment has no ${variable}`, hint };
    }
    return (variable !== undefined && environment?.[variable]) || '';
  });
  return refusal ?? { text: replaced };
}
