import { isInterfaceName } from '../../model/names.ts';
import { hasInvisible } from '../../model/printable.ts';
import { isTimeout } from '../../model/rules.ts';
import { type Daemon, TIMEOUT_ATTRIBUTES, type Timeouts } from '../../model/settings.ts';

interface Settings {
  readonly timeouts?: Partial<Timeouts>;
  readonly daemons?: readonly Daemon[] | undefined;
}

interface WritableSettings extends Required<Settings> {
  /** The settings that no file can express, each a noun phrase. */
  readonly leftOut: readonly string[];
}

/**
 * Leaves out the settings that only another program can make. One daemon that no file can express
 * leaves all of them out: a list without it would stop it.
 */
export function writableSettings({ timeouts = {}, daemons }: Settings): WritableSettings {
  const given = TIMEOUT_ATTRIBUTES.flatMap(({ key, name }) => {
    const seconds = timeouts[key];
    return seconds === undefined ? [] : [{ key, name, seconds }];
  });
  const long = given.filter(({ seconds }) => !isTimeout(seconds));
  const written = given.filter(({ seconds }) => isTimeout(seconds));
  const isWritable = (daemons ?? []).every(
    ({ interface: name }) => isInterfaceName(name) && !hasInvisible(name),
  );
  return {
    timeouts: Object.fromEntries(written.map(({ key, seconds }) => [key, seconds])),
    daemons: isWritable ? daemons : undefined,
    leftOut: [
      ...long.map(({ name, seconds }) => `timeout ${name} of ${seconds} seconds`),
      ...(isWritable ? [] : (daemons ?? [])).map(
        ({ role, interface: name }) => `${role} sync daemon on ${name}`,
      ),
    ],
  };
}
