// A VIRQ: bound by a guest, raised by the hardware, taken as a kernel takes it.
//
//   npm start                                                        # in another terminal
//   node scripts/run.mjs clients/typescript/examples/virq.ts

import { connect, op, unwrap, VIRQ } from '../index.ts';

using client = connect();
const machine = await client.createMachine({
  name: `virq-${process.pid}`,
  domains: [
    { dom: 0, privileged: true },
    { dom: 1, vcpus: 2 },
  ],
});

try {
  const guest = machine.domain(1);
  const timer = await guest.bindVirq({ virq: VIRQ.TIMER, vcpu: 1 });
  console.log(`domain 1 hears of the timer of its vCPU 1 on port ${timer.number}`);

  const upcalls = guest.watchUpcalls();
  await guest.raiseVirq(VIRQ.TIMER, 1);
  for await (const { vcpu } of upcalls) {
    console.log(`the timer fired: upcall on vCPU ${vcpu}`);
    break; // Ends the watch.
  }

  // What a kernel does: clear the upcall, then the selector, then take what is pending.
  const [upcall, selector, event] = await guest.multicall([
    op.mUpcall({ vcpu: 1, value: 0 }),
    op.mSel({ vcpu: 1, lo: 0, hi: 0 }),
    op.mClrpend({ port: timer.number }),
  ]);
  for (const outcome of [upcall, selector, event]) unwrap(outcome);
  console.log(`taken: pending is ${(await timer.view())?.pending} again`);
} finally {
  await machine.delete();
}
