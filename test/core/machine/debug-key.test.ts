import { expect, it } from 'vitest';
import { VIRQ } from '../../../core/index.ts';
import { boot } from '../../support/host.ts';

it('debug key e prints each port as Xen does', () => {
  const xen = boot({}, [{ vcpus: 3 }, {}]);
  xen.channel(1, 2);
  xen.unbound(1, 7);
  const ipi = xen.ipi(1, 2);
  xen.virq(1, VIRQ.DEBUG, 1);
  xen.must(0, 'map_pirq', { dom: 1, irq: 9, pirq: 20 });
  xen.must(1, 'bind_pirq', { pirq: 20 });
  xen.must(1, 'm_mask', { port: 2 });
  xen.must(1, 'send', { port: ipi });
  xen.must(1, 'sched_poll', { ports: [1], nrPorts: 1, callerVcpu: 1 });

  expect(xen.machine.debugKeyE(1)).toBe(
    [
      "'e' pressed -> dumping event-channel info",
      'Event channel information for domain 1:',
      'Polling vCPUs: {1}',
      '    port [p/m/s]',
      '       1 [0/0/0]: s=3 n=0 x=0 d=2 p=1',
      '       2 [0/1/0]: s=2 n=0 x=0 d=7',
      '       3 [1/0/1]: s=6 n=2 x=0',
      '       4 [0/0/0]: s=5 n=1 x=0 v=1',
      '       5 [0/0/0]: s=4 n=0 x=0 p=20 i=9',
      '',
    ].join('\n'),
  );
});

it('debug key e prints the links of FIFO queues, and ports without a word', () => {
  const xen = boot({}, [{ guest: 'hvm64', vcpus: 1, maxEvtchnPort: 5000 }]);
  xen.fifo(1);
  for (let port = 1; port <= 1024; port += 1) xen.ipi(1);
  for (const port of [1, 12]) xen.must(1, 'send', { port });
  xen.must(1, 'w_or', { port: 3, value: 0x1000_0000 });
  xen.must(0, 'create_ioreq_server', { dom: 1 });

  const lines = xen.machine.debugKeyE(1).split('\n');

  expect([1, 2, 3, 12, 1024, 1025].map((port) => lines[3 + port])).toEqual([
    '       1 [1/0/  12  ]: s=6 n=0 x=0',
    '       2 [0/0/  -   ]: s=6 n=0 x=0',
    '       3 [0/0/B -   ]: s=6 n=0 x=0',
    '      12 [1/0/  0   ]: s=6 n=0 x=0',
    '    1024 [0/1/?     ]: s=6 n=0 x=0',
    '    1025 [0/1/?     ]: s=2 n=0 x=1 d=0',
  ]);
});

it('debug key e prints every domain, by its domid', () => {
  const xen = boot({}, [{}]);
  xen.create(9);
  xen.create(5);

  expect(xen.machine.debugKeyE().match(/domain \d+/g)).toEqual([
    'domain 0',
    'domain 1',
    'domain 5',
    'domain 9',
  ]);
});
