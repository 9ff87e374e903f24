import { describe, expect, it } from 'vitest';
import { NR_VIRQS, VIRQ, XEN_VERSIONS } from '../../../core/index.ts';
import type { XenVersion } from '../../../core/index.ts';
import { SELF, boot } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const PER_VCPU = [VIRQ.TIMER, VIRQ.DEBUG, VIRQ.XENOPROF, VIRQ.XENPMU];
const ALL = Array.from({ length: NR_VIRQS }, (_, virq) => virq);

describe('bind_virq', () => {
  describeErrnos({
    op: 'bind_virq',
    host: () => boot({}, [{ maxEvtchnPort: 63 }]),
    call: () => ({ caller: 1, args: { virq: VIRQ.DEBUG, vcpu: 3 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'there is no VIRQ virq',
        errno: 'EINVAL',
        touches: ['virq'],
        call: ({ args }) => Object.assign(args, { virq: NR_VIRQS }),
      },
      {
        what: 'the VIRQ is global, and vcpu is not 0',
        errno: 'EINVAL',
        touches: ['virq'],
        call: ({ args }) => Object.assign(args, { virq: VIRQ.CONSOLE }),
      },
      {
        what: 'the domain has no vCPU vcpu',
        errno: 'ENOENT',
        touches: ['vcpu'],
        call: ({ args }) => Object.assign(args, { vcpu: 4 }),
      },
      {
        what: 'the VIRQ is global, and the domain is not its handler',
        errno: 'EBUSY',
        touches: ['virq', 'vcpu'],
        call: ({ args }) => Object.assign(args, { virq: VIRQ.CONSOLE, vcpu: 0 }),
      },
      {
        what: 'the VIRQ is bound on this vCPU already',
        errno: 'EEXIST',
        touches: ['virq', 'vcpu'],
        host: (xen, { args }) => xen.virq(1, args.virq, args.vcpu),
      },
      {
        what: 'the domain has no free port',
        errno: 'ENOSPC',
        touches: ['ports'],
        host: (xen) => xen.fill(1),
      },
    ],
  });

  it('says EBUSY to dom0 too, while another domain handles the VIRQ and has it bound', () => {
    const xen = boot();
    xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
    xen.virq(1, VIRQ.CONSOLE);

    expect(xen.outcome(0, 'bind_virq', { virq: VIRQ.CONSOLE })).toBe('EBUSY');
    expect(xen.outcome(1, 'bind_virq', { virq: VIRQ.CONSOLE })).toBe('EEXIST');
  });

  it.each(PER_VCPU)('binds VIRQ %i once on every vCPU', (virq) => {
    const xen = boot();

    const ports = [0, 1, 2, 3].map((vcpu) => xen.virq(1, virq, vcpu));

    expect(ports).toEqual([1, 2, 3, 4]);
    expect(xen.outcome(1, 'bind_virq', { virq, vcpu: 2 })).toBe('EEXIST');
    expect(xen.must(1, 'status', { dom: SELF, port: 3 })).toMatchObject({ virq, vcpu: 2 });
  });

  it.each<{ xen: XenVersion; whose: string; allowed: number[] }>([
    { xen: '4.17', whose: 'any VIRQ', allowed: ALL },
    { xen: '4.20', whose: 'any VIRQ', allowed: ALL },
    { xen: '4.22', whose: 'per-vCPU and per-domain VIRQs', allowed: [...PER_VCPU, VIRQ.ARGO] },
  ])('lets a guest of Xen $xen bind $whose on vCPU 0', ({ xen: version, allowed }) => {
    const xen = boot({ xen: version });

    const bound = ALL.filter((virq) => xen.outcome(1, 'bind_virq', { virq }) === 'ok');

    expect(bound).toEqual([...allowed].sort((a, b) => a - b));
  });

  it.each(XEN_VERSIONS)('lets only per-vCPU VIRQs be bound on vCPU 1 (Xen %s)', (version) => {
    const xen = boot({ xen: version });

    const bound = ALL.filter((virq) => xen.outcome(0, 'bind_virq', { virq, vcpu: 1 }) === 'ok');

    expect(bound).toEqual(PER_VCPU);
  });
});
