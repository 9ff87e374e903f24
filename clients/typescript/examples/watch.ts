// Everything that comes of what a domain does, as numbered effects.
//
//   npm start                                                        # in another terminal
//   node scripts/run.mjs clients/typescript/examples/watch.ts

import { connect, op } from '../index.ts';

using client = connect();
const machine = await client.createMachine({
  name: `watch-${process.pid}`,
  domains: [{ dom: 0, privileged: true }, { dom: 1 }],
});

try {
  const guest = machine.domain(1);
  await using session = guest.session();
  const [bound] = await session.run([op.bindIpi({ vcpu: 0 })]);
  if (!bound.ok) throw new Error('the IPI could not be bound');
  const { port } = bound.value;
  await session.run([op.send({ port }), op.send({ port }), op.close({ port })]);

  // From the first effect on: what has happened is still there to be read.
  for await (const effect of machine.watchEffects({ from: 1, doms: [1] })) {
    if (effect.kind === 'gap' || effect.kind === 'replaced') continue;
    const { sequence, op: number, kind } = effect;
    console.log(`effect ${sequence} of op ${number}: ${kind}, port ${effect.port}`);
    if (kind === 'closed') break; // Ends the watch.
  }
} finally {
  await machine.delete();
}
