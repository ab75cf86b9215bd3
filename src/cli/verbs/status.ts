import { unknownAnswer } from '../../daemon/control/client.ts';
import { isStatus } from '../../daemon/status/parse-status.ts';
import { formatStatus } from '../../daemon/status/status-text.ts';
import { IpvstateError } from '../../errors.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { control } from '../control.ts';
import { defineVerb } from '../declare/define-verb.ts';
import { CONTROL_EXITS } from '../declare/exit-groups.ts';
import { CONTROL_OPTIONS } from '../declare/option-groups.ts';
import { outputFormat } from '../declare/options.ts';

const STATUS_FORMATS = { text: formatStatus, json: formatJson };

export const statusVerb = defineVerb({
  name: 'status',
  job: 'look',
  summary: 'state of the daemon',
  description: 'show the state of the running daemon',
  options: { ...CONTROL_OPTIONS, output: outputFormat(STATUS_FORMATS, 'text') },
  exits: { ...CONTROL_EXITS, ok: 'printed, whatever the state of the daemon is' },
  examples: ['ipvstate status', 'ipvstate status -o json | jq .config.error'],
  run: async (options, environment) => {
    const answer = await control({ command: 'status' }, options, environment);
    if (!answer.ok)
      throw new IpvstateError('UNAVAILABLE', answer.message, {
        ...(answer.hint !== undefined && { hint: answer.hint }),
      });
    const { status } = answer;
    if (!isStatus(status)) throw unknownAnswer();
    environment.output.print(STATUS_FORMATS[options.output](status));
    return EXIT.ok;
  },
});
