import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { SELF, XEN, boot } from '../../support/host.ts';
import { describeErrnos } from '../../support/mistakes.ts';

const hosts = () => boot({}, [{}, { guest: 'hvm64' }, {}]);

describe('set_virq_handler', () => {
  describeErrnos({
    op: 'set_virq_handler',
    host: hosts,
    call: () => ({ caller: 0, args: { dom: 1, virq: VIRQ.CONSOLE } }),
    mistakes: [
      {
        what: 'the caller has no privilege',
        errno: 'EPERM',
        touches: ['caller'],
        call: (call) => Object.assign(call, { caller: 3 }),
      },
      {
        what: 'there is no domain dom',
        errno: 'ESRCH',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 9 }),
      },
      ...[
        { what: 'there is no VIRQ virq', virq: 24 },
        { what: 'the VIRQ is per-vCPU', virq: VIRQ.DEBUG },
        { what: 'the VIRQ is per-domain', virq: VIRQ.ARGO },
      ].map(({ what, virq }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['virq'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, { virq });
        },
      })),
      {
        what: 'dom is dying',
        errno: 'EINVAL',
        touches: ['dom'],
        call: ({ args }) => Object.assign(args, { dom: 2 }),
        host: (xen) => xen.leaveDying(2, 3),
      },
      {
        what: 'another domain handles the VIRQ and has it bound',
        errno: 'EBUSY',
        touches: ['virq'],
        host: (xen) => xen.virq(0, VIRQ.CONSOLE),
      },
    ],
  });

  it('sends the VIRQ to its new handler from then on', () => {
    const xen = hosts();
    xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
    const port = xen.virq(1, VIRQ.CONSOLE);

    xen.must(XEN, 'raise_virq', { virq: VIRQ.CONSOLE });

    expect(xen.pending(1)).toEqual([port]);
  });

  it('says yes where the domain is the handler already, bound or not', () => {
    const xen = hosts();
    xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
    xen.virq(1, VIRQ.CONSOLE);
    xen.virq(0, VIRQ.TBUF);

    expect(xen.outcome(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE })).toBe('ok');
    expect(xen.outcome(0, 'set_virq_handler', { dom: 0, virq: VIRQ.TBUF })).toBe('ok');
  });

  it('lets the VIRQ go on once the handler has closed its port', () => {
    const xen = hosts();
    const port = xen.virq(0, VIRQ.CONSOLE);
    xen.must(0, 'close', { port });

    expect(xen.outcome(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE })).toBe('ok');
  });

  it('gives the VIRQ back to dom0 when the handler is destroyed', () => {
    const xen = hosts();
    xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });
    xen.virq(1, VIRQ.CONSOLE);

    xen.must(0, 'destroy_domain', { dom: 1 });

    const port = xen.virq(0, VIRQ.CONSOLE);
    xen.must(XEN, 'raise_virq', { virq: VIRQ.CONSOLE });
    expect(xen.pending(0)).toEqual([port]);
  });

  it('shows in the view of the handler', () => {
    const xen = hosts();
    xen.must(0, 'set_virq_handler', { dom: 1, virq: VIRQ.CONSOLE });

    expect(xen.machine.domain(1)!.virqHandlerOf).toEqual([VIRQ.CONSOLE]);
    expect(xen.machine.domain(0)!.virqHandlerOf).toEqual([]);
  });
});

describe('raise_virq', () => {
  it.each([
    { args: { virq: 24 }, errno: 'EINVAL', why: 'no such VIRQ' },
    { args: { virq: VIRQ.TIMER, dom: 9 }, errno: 'ESRCH', why: 'no such domain' },
    { args: { virq: VIRQ.TIMER, dom: 1, vcpu: 4 }, errno: 'ENOENT', why: 'no such vCPU' },
    { args: { virq: VIRQ.ARGO, dom: 9 }, errno: 'ESRCH', why: 'no such domain' },
    { args: { virq: VIRQ.CONSOLE, dom: 9 }, errno: 'ok', why: 'dom is unused for a global VIRQ' },
  ])('answers $errno for $args: $why', ({ args, errno }) => {
    expect(boot().outcome(XEN, 'raise_virq', args)).toBe(errno);
  });

  it('raises a per-vCPU VIRQ on that vCPU only', () => {
    const xen = hosts();
    const ports = [0, 1, 2].map((vcpu) => xen.virq(1, VIRQ.TIMER, vcpu));

    xen.must(XEN, 'raise_virq', { dom: 1, vcpu: 1, virq: VIRQ.TIMER });

    expect(xen.pending(1)).toEqual([ports[1]]);
    expect([0, 1, 2].map((id) => xen.machine.vcpu(1, id)!.upcallPending)).toEqual([
      false,
      true,
      false,
    ]);
  });

  it('raises a global VIRQ on the vCPU that bind_vcpu gave it', () => {
    const xen = hosts();
    const port = xen.virq(0, VIRQ.CONSOLE);
    xen.must(0, 'bind_vcpu', { port, vcpu: 2 });

    xen.must(XEN, 'raise_virq', { virq: VIRQ.CONSOLE });

    expect(xen.machine.vcpu(0, 2)!.upcallPending).toBe(true);
    expect(xen.machine.vcpu(0, 0)!.upcallPending).toBe(false);
  });

  it('sends a global VIRQ to its handler alone, even if others have it bound (to 4.20)', () => {
    const xen = boot({ xen: '4.20' });
    xen.virq(1, VIRQ.CONSOLE);
    const port = xen.virq(0, VIRQ.CONSOLE);

    xen.must(XEN, 'raise_virq', { virq: VIRQ.CONSOLE });

    expect(xen.pending(1)).toEqual([]);
    expect(xen.pending(0)).toEqual([port]);
  });

  it('raises a per-domain VIRQ on the domain that is named', () => {
    const xen = hosts();
    xen.virq(1, VIRQ.ARGO);
    const port = xen.virq(3, VIRQ.ARGO);

    xen.must(XEN, 'raise_virq', { dom: 3, vcpu: 9, virq: VIRQ.ARGO }); // vcpu says nothing here.

    expect(xen.pending(1)).toEqual([]);
    expect(xen.pending(3)).toEqual([port]);
  });

  it('is forgotten where the VIRQ is not bound', () => {
    const xen = hosts();
    xen.must(XEN, 'raise_virq', { dom: 1, virq: VIRQ.TIMER });

    xen.virq(1, VIRQ.TIMER);

    expect(xen.pending(1)).toEqual([]);
    expect(xen.kinds()).toEqual(['bound']);
  });
});

describe('VIRQ_DEBUG', () => {
  it('comes to every vCPU of every domain that bound it, on debug key q', () => {
    const xen = hosts();
    const ports = [xen.virq(1, VIRQ.DEBUG, 0), xen.virq(1, VIRQ.DEBUG, 3)];
    const other = xen.virq(3, VIRQ.DEBUG, 1);

    xen.must(XEN, 'raise_debug');

    expect(xen.pending(1)).toEqual(ports);
    expect(xen.pending(3)).toEqual([other]);
    expect(xen.machine.vcpu(3, 1)!.upcallPending).toBe(true);
  });
});

describe('VIRQ_DOM_EXC', () => {
  it('tells its handler that a domain is gone', () => {
    const xen = hosts();
    const port = xen.virq(0, VIRQ.DOM_EXC);

    xen.must(0, 'destroy_domain', { dom: 3 });

    expect(xen.pending(0)).toEqual([port]);
    expect(xen.must(0, 'status', { dom: SELF, port }).virq).toBe(VIRQ.DOM_EXC);
  });
});

describe('a dying domain that handles a VIRQ (4.17)', () => {
  it('is gone when another domain takes its last VIRQ', () => {
    const xen = boot({ xen: '4.17' }, [{}, { guest: 'hvm64' }, {}]);
    xen.leaveDying(2, 3);
    xen.must(0, 'set_virq_handler', { dom: 2, virq: VIRQ.CONSOLE });
    xen.must(0, 'destroy_domain', { dom: 3 });
    expect(xen.outcome(0, 'status', { dom: 2, port: 1 })).toBe('ok');

    xen.must(0, 'set_virq_handler', { dom: 0, virq: VIRQ.CONSOLE });

    expect(xen.outcome(0, 'status', { dom: 2, port: 1 })).toBe('ESRCH');
  });
});
