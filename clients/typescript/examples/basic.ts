// Two domains talk: the smallest whole story.
//
//   npm start                                                        # in another terminal
//   node scripts/run.mjs clients/typescript/examples/basic.ts
//
// It works in a machine of its own, which it deletes again.

import { connect, XenError } from '../index.ts';

using client = connect();
const machine = await client.createMachine({
  name: `basic-${process.pid}`,
  domains: [{ dom: 0, privileged: true }, { dom: 1 }, { dom: 2 }],
});

try {
  const frontend = machine.domain(1);
  const backend = machine.domain(2);

  const offered = await frontend.allocUnbound({ remoteDom: 2 });
  console.log(`domain 1 offers ${offered.number} to domain 2`);

  const bound = await backend.bindInterdomain({ remoteDom: 1, remotePort: offered });
  console.log(`domain 2 has bound it: its own end is ${bound.number}`);

  await bound.send();
  await bound.send();
  const view = await offered.view();
  console.log(`domain 2 sent twice: pending of domain 1's port is ${view?.pending}, once`);

  await offered.clearPending();
  await bound.close();
  const { state, remoteDom } = await offered.status();
  console.log(`domain 2 closed its end: the port of domain 1 is ${state} for domain ${remoteDom}`);

  await bound.send().catch((error: unknown) => {
    if (!(error instanceof XenError)) throw error;
    console.log(`and a send on the closed end gives ${error.errno} (${error.number})`);
  });
} finally {
  await machine.delete();
}
