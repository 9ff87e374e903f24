import { describe, expect, it } from 'vitest';
import { parseTrace, replayTrace } from '../../core/index.ts';
import { traceText } from '../support/traces.ts';
import { tamperings } from './tamper.ts';

/** Small recordings that have every kind of line and of fact between them. */
const RECORDINGS = [
  'xen-4.17/alloc_unbound_dom0',
  'xen-4.17/bind_pirq',
  'xen-4.17/exhaust_1023',
  'xen-4.17/fifo_basic',
  'xen-4.17/fifo_busy_ports',
  'xen-4.17/fifo_priority',
  'xen-4.17/mask_pending_sel',
  'xen-4.17/poll',
  'xen-4.17/status_states',
  'xen-4.17-pv32/smp_poll_any_fifo',
  'xen-4.20/register_vcpu_info',
  'xen-4.22/virq_handler_steal',
  'xen-4.22/xen_bound_ports',
];

const FACTS = [
  'a line less',
  'a line more',
  'blocked',
  'errno',
  'fifo control heads',
  'fifo control ready',
  'fifo control vcpu',
  'fifo words',
  'first_port',
  'idle',
  'last_port',
  'masked',
  'out blocked',
  'out link_bits',
  'out local_port',
  'out old',
  'out pirq',
  'out port',
  'out remote_dom',
  'out remote_port',
  'out state',
  'out status',
  'out vcpu',
  'out virq',
  'pending',
  'ports pirq',
  'ports port',
  'ports remote_dom',
  'ports remote_port',
  'ports state',
  'ports status',
  'ports to',
  'ports vcpu',
  'ports virq',
  'rc',
  'scanned',
  'stop_rc',
  'vcpus sel',
  'vcpus upcall_mask',
  'vcpus upcall_pending',
];

const linesOf = (name: string) => traceText(name).trimEnd().split('\n');

const differences = (lines: readonly string[]) =>
  replayTrace(parseTrace(`${lines.join('\n')}\n`, 'tampered')).differences;

describe('a tampered recording differs from what a machine answers', () => {
  it.each(RECORDINGS)('wherever one fact of %s is another', (name) => {
    const lines = linesOf(name);
    expect(differences(lines)).toEqual([]);

    const missed: string[] = [];
    for (const { what, line, text } of tamperings(lines)) {
      const found = differences(lines.toSpliced(line, 1, ...text));
      if (found.length === 0) missed.push(`line ${line + 1}: ${what}`);
    }

    expect(missed).toEqual([]);
  });

  it('in facts of every kind', () => {
    const kinds = RECORDINGS.flatMap((name) => [...tamperings(linesOf(name))]).map(
      ({ kind }) => kind,
    );

    expect([...new Set(kinds)].sort()).toEqual(FACTS);
  });
});

describe('a difference', () => {
  const lines = linesOf('xen-4.17/bind_ipi');
  const at = lines.findIndex((line) => line.includes('"out":{"port":2}'));

  it('names the trace, its line, the op, what was expected and what came', () => {
    const tampered = lines.with(at, lines[at]!.replace('"port":2', '"port":3'));

    expect(differences(tampered)).toEqual([
      {
        trace: 'tampered',
        line: at + 1,
        i: 2,
        what: 'domain 1 bind_ipi {"vcpu":1}: answer',
        expected: 'rc 0, port 3',
        got: 'rc 0, port 2',
      },
    ]);
  });

  it('is told for each fact of a line that is wrong', () => {
    const more = '{"i":2,"observe":1,"pending":[7],"masked":[8]}';

    const found = differences(lines.toSpliced(at + 1, 0, more));

    expect(found.map(({ what, expected, got }) => [what.split(': ')[1], expected, got])).toEqual([
      ['pending of domain 1', '[7]', 'nothing'],
      ['masked of domain 1', '[8]', 'nothing'],
    ]);
  });

  it('is not told for another order or spelling of the same facts', () => {
    const swapped = lines[at]!.replace('"rc":0,"out":{"port":2}', '"out":{"port":2},"rc":0');
    expect(swapped).not.toBe(lines[at]);

    expect(differences(lines.with(at, swapped))).toEqual([]);
  });
});
