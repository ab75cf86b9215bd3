import type { Status } from '../../daemon/status/status.ts';
import { formatStatus } from '../../daemon/status/status-text.ts';
import { IpvstateError } from '../../errors.ts';
import { EXIT } from '../../render/exit.ts';
import { formatJson } from '../../render/json.ts';
import { control, printAnswer } from '../control.ts';
import { defineVerb } from '../define-verb.ts';
import { CONTROL_OPTIONS } from '../option-groups.ts';
import { outputFormat } from '../options.ts';

const STATUS_FORMATS = { text: formatStatus, json: formatJson };

export const statusVerb = defineVerb({
  name: 'status',
  summary: 'show the state of the running daemon',
  options: { ...CONTROL_OPTIONS, output: outputFormat(STATUS_FORMATS, 'text') },
  examples: ['ipvstate status', 'ipvstate status -o json | jq .config.error'],
  notes: ['Exits 69 when no daemon runs.'],
  run: async (options, environment) => {
    const answer = await control({ command: 'status' }, options, environment);
    if (!answer.ok) return printAnswer(answer, environment);
    if (!answer.status) {
      throw new IpvstateError(
        'UNAVAILABLE',
        'the daemon sent an answer that this version does not understand',
      );
    }
    const status = answer.status as unknown as Status;
    environment.output.print(STATUS_FORMATS[options.output](status));
    return EXIT.ok;
  },
});
