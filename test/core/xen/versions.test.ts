import { describe, expect, it } from 'vitest';
import { VIRQ, XEN_VERSIONS } from '../../../core/index.ts';
import type { XenVersion } from '../../../core/index.ts';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';

/** An op that one version answers otherwise than another, on a host with a PV and an HVM guest. */
interface Row {
  readonly what: string;
  readonly answers: Readonly<Record<XenVersion, string>>;
  readonly ask: (xen: Host) => string;
}

const ROWS: readonly Row[] = [
  {
    what: 'register_vcpu_info of a registered vCPU, with a bad alignment too',
    answers: { '4.17': 'ENXIO', '4.20': 'EBUSY', '4.22': 'EBUSY' },
    ask: (xen) => {
      xen.must(1, 'register_vcpu_info', { gfn: 3, vcpu: 0 });
      return xen.outcome(1, 'register_vcpu_info', { gfn: 4, offset: 2, vcpu: 0 });
    },
  },
  {
    what: 'register_vcpu_info of a registered vCPU, otherwise right',
    answers: { '4.17': 'EINVAL', '4.20': 'EBUSY', '4.22': 'EBUSY' },
    ask: (xen) => {
      xen.must(1, 'register_vcpu_info', { gfn: 3, vcpu: 0 });
      return xen.outcome(1, 'register_vcpu_info', { gfn: 4, vcpu: 0 });
    },
  },
  {
    what: 'register_vcpu_info, offset beyond the page',
    answers: { '4.17': 'ENXIO', '4.20': 'EINVAL', '4.22': 'EINVAL' },
    ask: (xen) => xen.outcome(1, 'register_vcpu_info', { gfn: 3, offset: 4096, vcpu: 0 }),
  },
  {
    what: 'register_vcpu_info, gfn ~0 with offset 4',
    answers: { '4.17': 'ENXIO', '4.20': 'EINVAL', '4.22': 'EINVAL' },
    ask: (xen) => xen.outcome(1, 'register_vcpu_info', { gfn: 2 ** 64, offset: 4, vcpu: 0 }),
  },
  {
    what: 'register_vcpu_info, page not writable',
    answers: { '4.17': 'EINVAL', '4.20': 'EACCES', '4.22': 'EACCES' },
    ask: (xen) => xen.outcome(1, 'register_vcpu_info', { gfn: 160, vcpu: 0 }),
  },
  {
    what: 'register_vcpu_info for another vCPU that is running',
    answers: { '4.17': 'EINVAL', '4.20': 'ok', '4.22': 'ok' },
    ask: (xen) => xen.outcome(1, 'register_vcpu_info', { gfn: 3, vcpu: 1 }),
  },
  {
    what: 'status of a port whose consumer is Xen, by a privileged caller',
    answers: { '4.17': 'EACCES', '4.20': 'ok', '4.22': 'ok' },
    ask: (xen) => {
      xen.must(0, 'create_ioreq_server', { dom: 2 });
      return xen.outcome(0, 'status', { dom: 2, port: 1 });
    },
  },
  {
    what: 'status of a port whose consumer is Xen, by an unprivileged caller',
    answers: { '4.17': 'EACCES', '4.20': 'EPERM', '4.22': 'EPERM' },
    ask: (xen) => {
      xen.must(0, 'create_ioreq_server', { dom: 2 });
      return xen.outcome(1, 'status', { dom: 2, port: 1 });
    },
  },
  {
    what: 'status of a port whose consumer is Xen, by the domain that has it',
    answers: { '4.17': 'EACCES', '4.20': 'ok', '4.22': 'ok' },
    ask: (xen) => {
      xen.must(0, 'create_ioreq_server', { dom: 2 });
      return xen.outcome(2, 'status', { dom: SELF, port: 1 });
    },
  },
  {
    what: 'bind_pirq of a guest whose architecture has no PIRQs',
    answers: { '4.17': 'EINVAL', '4.20': 'EOPNOTSUPP', '4.22': 'EOPNOTSUPP' },
    ask: (xen) => {
      xen.create(3, { guest: 'arm64' });
      return xen.outcome(3, 'bind_pirq', { pirq: 1 });
    },
  },
  {
    what: 'set_virq_handler naming a dying domain',
    answers: { '4.17': 'ok', '4.20': 'EINVAL', '4.22': 'EINVAL' },
    ask: (xen) => {
      xen.leaveDying(2, 1);
      return xen.outcome(0, 'set_virq_handler', { dom: 2, virq: VIRQ.CONSOLE });
    },
  },
  {
    what: 'bind_virq of a global VIRQ by a domain that is not its handler',
    answers: { '4.17': 'ok', '4.20': 'ok', '4.22': 'EBUSY' },
    ask: (xen) => xen.outcome(1, 'bind_virq', { virq: VIRQ.CONSOLE }),
  },
  {
    what: 'bind_virq of a global VIRQ by dom0 when another domain handles it',
    answers: { '4.17': 'ok', '4.20': 'ok', '4.22': 'EBUSY' },
    ask: (xen) => {
      xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
      return xen.outcome(0, 'bind_virq', { virq: VIRQ.CONSOLE });
    },
  },
  {
    what: 'the same by a domain without free ports',
    answers: { '4.17': 'ENOSPC', '4.20': 'ENOSPC', '4.22': 'EBUSY' },
    ask: (xen) => {
      xen.fill(1);
      return xen.outcome(1, 'bind_virq', { virq: VIRQ.CONSOLE });
    },
  },
  {
    what: 'set_virq_handler while the current handler has the VIRQ bound',
    answers: { '4.17': 'ok', '4.20': 'ok', '4.22': 'EBUSY' },
    ask: (xen) => {
      xen.virq(0, VIRQ.CONSOLE);
      return xen.outcome(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
    },
  },
  {
    what: 'set_virq_handler of VIRQ_ARGO',
    answers: { '4.17': 'ok', '4.20': 'ok', '4.22': 'EINVAL' },
    ask: (xen) => xen.outcome(0, 'set_virq_handler', { dom: 1, virq: VIRQ.ARGO }),
  },
];

const CASES = ROWS.flatMap((row) =>
  XEN_VERSIONS.map((version) => [row.what, version, row.answers[version], row.ask] as const),
);

describe('what differs between versions of Xen', () => {
  it.each(CASES)('%s: Xen %s answers %s', (_, version, answer, ask) => {
    const xen = boot({ xen: version }, [{ maxEvtchnPort: 63 }, { guest: 'hvm64' }]);

    expect(ask(xen)).toBe(answer);
  });

  it('is the version of the machine’s configuration: 4.22 unless it says otherwise', () => {
    expect(boot().machine.config.xen).toBe('4.22');
  });
});
