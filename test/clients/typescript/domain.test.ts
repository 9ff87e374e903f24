import { describe, expect, it } from 'vitest';
import { VIRQ } from '../../../clients/typescript/index.ts';
import { outcomeOf } from '../support/errors.ts';
import { startLab } from '../support/service.ts';

describe('the toolstack', () => {
  it('creates a domain as it is asked, and destroys it', async () => {
    const { machine } = await startLab();

    const made = await machine.createDomain({ guest: 'pv32', vcpus: 3, maxEvtchnPort: 99 });

    expect(await made.view()).toMatchObject({ dom: 3, guest: 'pv32', vcpus: 3, maxEvtchnPort: 99 });
    await made.destroy();
    expect((await machine.domains()).map(({ dom }) => dom)).toEqual([0, 1, 2]);
  });

  it('pauses a domain, which makes no hypercall until it was unpaused as often', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    await guest.pause();
    await guest.pause();
    await guest.unpause();

    expect(await outcomeOf(guest.bindIpi({ vcpu: 0 }))).toBe('CANNOT_RUN');
    await guest.unpause();

    expect(await outcomeOf(guest.bindIpi({ vcpu: 0 }))).toBe('ok');
    expect(await outcomeOf(guest.unpause())).toBe('EINVAL');
  });

  it('may do nothing on behalf of a domain without privilege', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(2);
    const by = { caller: 1 };

    expect(await outcomeOf(guest.pause(by))).toBe('EPERM');
    expect(await outcomeOf(guest.destroy(by))).toBe('EPERM');
    expect(await outcomeOf(machine.createDomain({}, by))).toBe('EPERM');
    expect(await outcomeOf(guest.pause({ caller: 0 }))).toBe('ok');
  });

  it('makes a device model of a domain, and ports for its ioreq server', async () => {
    const { machine } = await startLab();
    const target = await machine.createDomain({ guest: 'hvm64', vcpus: 2 });
    const model = machine.domain(1);

    await model.setTarget(target.dom);
    await target.createIoreqServer({ caller: 1 });

    expect(await model.view()).toMatchObject({ target: target.dom });
    expect(await target.view()).toMatchObject({ activePorts: 2, xenPorts: 2 });
  });

  it('sends a global VIRQ to the domain that handles it', async () => {
    const { machine } = await startLab();
    const handler = machine.domain(2);
    await handler.setVirqHandler(VIRQ.DOM_EXC);
    const port = await handler.bindVirq({ virq: VIRQ.DOM_EXC });

    await machine.domain(1).raiseVirq(VIRQ.DOM_EXC);

    expect(await port.view()).toMatchObject({ pending: true });
    expect(await handler.view()).toMatchObject({ virqHandlerOf: [VIRQ.DOM_EXC] });
  });

  it('raises PIRQs and the debug VIRQ', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const debug = await guest.bindVirq({ virq: VIRQ.DEBUG, vcpu: 1 });
    await guest.mapPirq({ irq: 9, pirq: 9 });
    const pirq = await guest.bindPirq({ pirq: 9 });

    await machine.raiseDebug();
    await guest.raisePirq(9);

    expect(await debug.view()).toMatchObject({ pending: true });
    expect(await pirq.view()).toMatchObject({ pending: true });
  });
});

describe("a domain's memory", () => {
  it('shows the bits of shared_info as its kernel sees them', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const port = await guest.bindIpi({ vcpu: 0 });

    await port.send();
    await port.setMask();

    const page = await guest.memory.read('shared_info');
    expect(page.length).toBe(4096);
    expect([page[0x800], page[0xa00]]).toEqual([1 << port.number, 1 << port.number]);
  });

  it('has words that are worked on atomically, with 32 and 64 bits', async () => {
    const { machine } = await startLab();
    const { memory } = machine.domain(1);
    const word = memory.word32({ page: 5, offset: 8 });
    const wide = memory.word64({ page: 5, offset: 8 });

    expect(await word.xchg(0xf000_000f)).toBe(0);
    expect(await word.or(0x10)).toBe(0xf000_000f);
    expect(await word.and(0x8000_0010)).toBe(0xf000_001f);
    expect(await word.cmpxchg(1, 2)).toBe(0x8000_0010);
    expect(await wide.xor(1n << 63n)).toBe(0x8000_0010n);
    expect(await wide.read()).toBe(0x8000_0000_8000_0010n);
    const [page] = await memory.readPages([5]);
    expect(Buffer.from(page!).readUInt32LE(8)).toBe(0x8000_0010);
  });

  it('takes the signed numbers that bit operations of JavaScript give', async () => {
    const { machine } = await startLab();
    const word = machine.domain(1).memory.word32({ page: 0, offset: 0 });

    await word.or(1 << 31);

    expect(await word.and(~1)).toBe(0x8000_0000);
  });

  it('refuses a page that the domain does not have, and a word that lies across two', async () => {
    const { machine } = await startLab();
    const { memory } = machine.domain(1);

    expect(await outcomeOf(memory.read(5000))).toBe('BAD_ARGUMENT');
    expect(await outcomeOf(memory.word32({ page: 0, offset: 2 }).read())).toBe('EINVAL');
    expect(await outcomeOf(memory.word32({ page: 5000, offset: 0 }).read())).toBe('EINVAL');
  });
});
