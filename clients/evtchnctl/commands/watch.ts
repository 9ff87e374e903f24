import { InvalidArgumentError } from 'commander';
import type { Command } from 'commander';

import { EFFECT_KINDS } from '../../typescript/index.ts';
import type { EffectKind, EffectRecord, Upcall } from '../../typescript/index.ts';
import { collect, domid, uint32 } from '../arguments.ts';
import { action } from '../context.ts';
import { effectText } from '../output/effect-text.ts';
import { stringify } from '../output/output.ts';

interface WatchOptions {
  readonly from?: number;
  readonly count?: number;
  readonly dom?: number[];
  readonly kind?: EffectKind[];
  readonly upcalls?: number;
}

/** Goes on when the service is there again. */
const PATIENT = {};

/** `watch`: effects, or upcalls of a domain, as they happen. */
export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('effects as they happen, until Ctrl-C')
    .option('--from <sequence>', 'from this effect on; 1: all that are kept', uint32)
    .option('--dom <domid>', 'only on this domain; may be repeated', collect(domid))
    .option(
      '--kind <kind>',
      `only of this kind; may be repeated: ${EFFECT_KINDS.join(', ')}`,
      collect(kind),
    )
    .option('--upcalls <domid>', 'upcalls of this domain instead', domid)
    .option('--count <count>', 'end after so many', uint32)
    .addHelpText('after', '\nExample:\n  evtchnctl watch --from 1 --dom 1 --kind pending')
    .action(
      action(async ({ machine, out }, options: WatchOptions) => {
        const leave = new AbortController();
        process.once('SIGINT', () => leave.abort());
        const { upcalls, count = Number.POSITIVE_INFINITY } = options;
        const { signal } = leave;
        const records =
          upcalls === undefined
            ? machine.watchEffects({ ...filters(options), signal })
            : machine.domain(upcalls).watchUpcalls({ signal });
        let told = 0;
        for await (const record of records) {
          console.log(out.json ? stringify(record) : recordText(record));
          told += 1;
          if (told >= count) break;
        }
      }, PATIENT),
    );
}

const filters = ({ from, dom, kind: kinds }: WatchOptions) => ({
  ...(from !== undefined && { from }),
  ...(dom !== undefined && { doms: dom }),
  ...(kinds !== undefined && { kinds }),
});

function kind(text: string): EffectKind {
  const found = EFFECT_KINDS.find((name) => name === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It must be one of ${EFFECT_KINDS.join(', ')}.`);
}

const recordText = (record: EffectRecord | Upcall): string =>
  'kind' in record ? effectText(record) : upcallText(record);

function upcallText({ vcpu, count, masked }: Upcall): string {
  const times = count === 0 ? 'pending already' : `${count}x`;
  return `upcall on vcpu ${vcpu}, ${times}${masked ? ', masked' : ''}`;
}
