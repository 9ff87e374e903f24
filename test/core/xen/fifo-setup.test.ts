import { describe, expect, it } from 'vitest';
import { EVTCHN_FIFO_NR_CHANNELS } from '../../../core/index.ts';
import { SELF, boot } from '../../support/host.ts';
import type { Host } from '../../support/host.ts';
import { BAD_POINTER, describeErrnos } from '../../support/mistakes.ts';

const BLOCK = 72; // struct evtchn_fifo_control_block: ready, reserved, 16 heads.

describe('init_control', () => {
  describeErrnos({
    op: 'init_control',
    host: () => boot(),
    call: () => ({ caller: 1, args: { gfn: 3, offset: 0, vcpu: 1 } }),
    mistakes: [
      BAD_POINTER,
      {
        what: 'the domain has no vCPU vcpu',
        errno: 'ENOENT',
        touches: ['vcpu'],
        call: ({ args }) => Object.assign(args, { vcpu: 4 }),
      },
      ...[
        { what: 'the block would cross the end of its page', wrong: { offset: 4096 - BLOCK + 8 } },
        { what: 'the offset lies beyond the page', wrong: { offset: 4096 } },
        { what: 'the offset is not a multiple of 8', wrong: { offset: 4 } },
        { what: 'the frame lies beyond the guest', wrong: { gfn: 2 ** 40 } },
        { what: 'the frame is one of its page tables', wrong: { gfn: 160 } },
        { what: 'the frame number is ~0', wrong: { gfn: 2 ** 64 } },
      ].map(({ what, wrong }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['frame'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, wrong);
        },
      })),
      {
        what: 'the vCPU has a control block already',
        errno: 'EINVAL',
        touches: ['vcpu'],
        host: (xen) => xen.must(1, 'init_control', { gfn: 4, vcpu: 1 }),
      },
    ],
  });

  it('answers 17 link bits, and switches the domain to the FIFO ABI', () => {
    const xen = boot();

    expect(xen.must(1, 'init_control', { gfn: 3, vcpu: 2 })).toEqual({ linkBits: 17 });
    expect(xen.machine.domain(1)).toMatchObject({ abi: 'fifo', portsMax: EVTCHN_FIFO_NR_CHANNELS });
    expect(xen.kinds()).toEqual(['fifo']);
  });

  it('switches once: the blocks of other vCPUs only add to it', () => {
    const xen = boot();
    xen.must(1, 'init_control', { gfn: 3, vcpu: 2 });
    xen.news();

    xen.must(1, 'init_control', { gfn: 3, offset: BLOCK, vcpu: 0 });

    expect(xen.kinds()).toEqual([]);
  });

  it.each([0, 8, 4096 - BLOCK])('takes a block at offset %i', (offset) => {
    expect(boot().outcome(1, 'init_control', { gfn: 0, offset, vcpu: 0 })).toBe('ok');
  });

  it('writes nothing to the page: a block that was used before keeps its heads', () => {
    const xen = boot();
    xen.must(1, 'fill', { gfn: 3, value: 0x1234 });

    xen.must(1, 'init_control', { gfn: 3, vcpu: 0 });

    expect(xen.machine.vcpu(1, 0)!.controlBlock).toMatchObject({
      ready: 0x1234,
      heads: Array.from({ length: 16 }, () => 0x1234),
    });
  });

  it('lets the domain have ports beyond the 4096 of the 2-level ABI', () => {
    const xen = boot({}, [{ maxEvtchnPort: 5000 }]);
    for (let port = 1; port < 4096; port += 1) xen.ipi(1);
    expect(xen.outcome(1, 'bind_ipi')).toBe('ENOSPC');

    xen.fifo(1);

    expect(xen.ipi(1)).toBe(4096);
  });

  it('gives every port the default priority, free ones too', () => {
    const xen = boot();
    xen.fifo(1);
    const port = xen.ipi(1);
    xen.must(1, 'set_priority', { port, priority: 2 });
    xen.must(1, 'reset', { dom: SELF });

    xen.must(1, 'init_control', { gfn: 5, vcpu: 0 });

    expect(xen.machine.port(1, port)!.fifo!.priority).toBe(7);
  });
});

describe('expand_array', () => {
  describeErrnos({
    op: 'expand_array',
    host: () => boot(),
    call: (xen) => {
      xen.must(1, 'init_control', { gfn: 0, vcpu: 0 });
      return { caller: 1, args: { gfn: 1 } };
    },
    mistakes: [
      BAD_POINTER,
      {
        what: 'the domain has no control block yet',
        errno: 'EOPNOTSUPP',
        touches: ['array'],
        host: (xen) => xen.must(1, 'reset', { dom: SELF }),
      },
      {
        what: 'the array has its 128 pages',
        errno: 'ENOSPC',
        touches: ['array'],
        host: (xen) => {
          for (let page = 0; page < 128; page += 1) xen.must(1, 'expand_array', { gfn: 1 });
        },
      },
      ...[
        { what: 'the frame lies beyond the guest', gfn: 2 ** 40 },
        { what: 'the frame is one of its page tables', gfn: 160 },
        { what: 'the frame is its shared_info', gfn: -1 },
      ].map(({ what, gfn }) => ({
        what,
        errno: 'EINVAL' as const,
        touches: ['frame'],
        call: ({ args }: { args: object }) => {
          Object.assign(args, { gfn });
        },
      })),
    ],
  });

  it('appends 1024 event words a page, and writes nothing to it', () => {
    const xen = boot({}, [{ maxEvtchnPort: 0xffff_ffff }]);
    xen.must(1, 'fill', { gfn: 9, value: 0x4000_0000 });
    xen.fifo(1, { pages: 1 });
    while (xen.machine.domain(1)!.activePorts < 1030) xen.ipi(1);

    expect(xen.machine.port(1, 1024)!.fifo!.word).toBe(undefined);
    xen.must(1, 'expand_array', { gfn: 9 });

    expect(xen.word(1, 1024)).toBe(0x4000_0000);
    expect(xen.machine.domain(1)!.arrayGfns).toEqual([1, 9]);
  });
});

describe('set_priority', () => {
  const onFifo = (xen: Host) => xen.fifo(1);

  describeErrnos({
    op: 'set_priority',
    host: () => boot({}, [{ guest: 'hvm64' }]),
    call: (xen) => {
      onFifo(xen);
      return { caller: 1, args: { port: xen.ipi(1), priority: 15 } };
    },
    mistakes: [
      BAD_POINTER,
      {
        what: 'port is not valid',
        errno: 'EINVAL',
        touches: ['port'],
        host: (_, { args }) => Object.assign(args, { port: 64 }),
      },
      {
        what: 'the ABI is 2-level',
        errno: 'ENOSYS',
        touches: ['abi'],
        host: (xen, { args }) => {
          xen.must(1, 'reset', { dom: SELF });
          if (args.port === 1) xen.ipi(1);
        },
      },
      {
        what: 'port is free',
        errno: 'EACCES',
        touches: ['port'],
        host: (_, { args }) => Object.assign(args, { port: 40 }),
      },
      {
        what: 'port is port 0',
        errno: 'EACCES',
        touches: ['port'],
        host: (_, { args }) => Object.assign(args, { port: 0 }),
      },
      {
        what: 'Xen consumes the port',
        errno: 'EACCES',
        touches: ['port'],
        host: (xen, { args }) => {
          xen.must(0, 'create_ioreq_server', { dom: 1 });
          Object.assign(args, { port: xen.machine.ports(1, 2, 1)[0]!.port });
        },
      },
      {
        what: 'priority is above 15',
        errno: 'EINVAL',
        touches: ['priority'],
        call: ({ args }) => Object.assign(args, { priority: 16 }),
      },
    ],
  });

  it('says where the next events queue', () => {
    const xen = boot();
    onFifo(xen);
    const port = xen.ipi(1);
    expect(xen.machine.port(1, port)!.fifo!.priority).toBe(7);

    xen.must(1, 'set_priority', { port, priority: 0 });
    xen.must(1, 'send', { port });

    expect(xen.machine.vcpu(1, 0)!.controlBlock!.heads[0]).toBe(port);
    expect(xen.machine.vcpu(1, 0)!.controlBlock!.ready).toBe(1);
  });

  it('is forgotten when the port is bound anew', () => {
    const xen = boot();
    onFifo(xen);
    const port = xen.ipi(1);
    xen.must(1, 'set_priority', { port, priority: 0 });

    xen.must(1, 'close', { port });

    expect(xen.machine.port(1, xen.ipi(1))).toMatchObject({ port, fifo: { priority: 7 } });
  });
});
