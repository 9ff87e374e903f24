import { describe, expect, it } from 'vitest';
import { DOMID_SELF, VIRQ, XenError } from '../../../clients/typescript/index.ts';
import { errorOf, outcomeOf } from '../support/errors.ts';
import { startLab } from '../support/service.ts';

describe('a domain', () => {
  it('is joined to another by a port on each side, and sends', async () => {
    const { machine } = await startLab();
    const offered = await machine.domain(1).allocUnbound({ remoteDom: 2 });
    const bound = await machine.domain(2).bindInterdomain({ remoteDom: 1, remotePort: offered });

    await bound.send();

    expect([offered.number, offered.dom, bound.number, bound.dom]).toEqual([1, 1, 1, 2]);
    expect(await offered.view()).toEqual({
      port: 1,
      state: 'interdomain',
      vcpu: 0,
      remoteDom: 2,
      remotePort: 1,
      pending: true,
      masked: false,
      xenConsumer: false,
    });
    expect(await bound.status()).toMatchObject({ status: 2, remoteDom: 1, remotePort: 1 });
  });

  it('gets the errno of Xen, with its number and the op', async () => {
    const { machine } = await startLab();

    const error = await errorOf(machine.domain(1).port(77).send());

    expect(error).toBeInstanceOf(XenError);
    expect(error).toMatchObject({ errno: 'EINVAL', number: 22, op: 'send' });
  });

  it('finds a closed port free', async () => {
    const { machine } = await startLab();
    const port = await machine.domain(1).bindIpi({ vcpu: 1 });

    await port.close();

    expect(await port.view()).toBeUndefined();
    expect(await port.status()).toEqual({ status: 0, state: 'closed', vcpu: 0 });
    expect(await outcomeOf(port.close())).toBe('EINVAL');
  });

  it('binds VIRQs, PIRQs and IPIs, and moves them', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    await guest.mapPirq({ irq: 9, pirq: 20 });

    const virq = await guest.bindVirq({ virq: VIRQ.TIMER, vcpu: 1 });
    const pirq = await guest.bindPirq({ pirq: 20 });
    const ipi = await guest.bindIpi({ vcpu: 1 });
    await pirq.bindVcpu(1);

    expect(await virq.status()).toMatchObject({ state: 'virq', virq: VIRQ.TIMER, vcpu: 1 });
    expect(await pirq.status()).toMatchObject({ state: 'pirq', pirq: 20, vcpu: 1 });
    expect(await ipi.status()).toMatchObject({ state: 'ipi', vcpu: 1 });
  });

  it('changes to the FIFO ABI and back', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const port = await guest.bindIpi({ vcpu: 0 });

    const linkBits = await guest.initControl({ page: 0, offset: 0, vcpu: 0 });
    await guest.expandArray(1);
    await port.setPriority(3);
    await port.send();

    expect(linkBits).toBe(17);
    expect(await guest.view()).toMatchObject({ abi: 'fifo', arrayGfns: [1] });
    expect(await port.view()).toMatchObject({ pending: true, fifo: { priority: 3, linked: true } });
    await guest.reset();
    expect(await guest.view()).toMatchObject({ abi: '2l', activePorts: 0 });
  });

  it('sleeps in SCHEDOP_poll until an event wakes it', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const port = await guest.bindIpi({ vcpu: 0 });
    await port.setMask();

    expect(await guest.schedPoll({ ports: [port] })).toMatchObject({ blocked: true });
    expect(await outcomeOf(guest.send(port))).toBe('CANNOT_RUN');
    const joined = guest.pollJoin({ wait: true });
    await guest.vcpu(1).send(port);

    expect(await joined).toEqual({ blocked: false });
  });

  it('moves a vcpu_info, and puts vCPUs down and up', async () => {
    const { machine } = await startLab();
    const guest = machine.domain(1);

    await guest.registerVcpuInfo({ page: 3, offset: 64, vcpu: 1 });
    await guest.vcpuDown(1);

    const vcpus = [];
    for await (const vcpu of guest.vcpus()) vcpus.push(vcpu);
    expect(vcpus[1]).toMatchObject({ up: false, info: { gfn: 3, offset: 64 } });
    expect(await outcomeOf(guest.vcpu(1).bindIpi({ vcpu: 0 }))).toBe('CANNOT_RUN');
    await guest.vcpuUp(1);
    expect(await outcomeOf(guest.vcpu(1).bindIpi({ vcpu: 0 }))).toBe('ok');
  });

  it.each([
    { what: 'an EVTCHNOP that Xen does not know', errno: 'ENOSYS' },
    { what: 'a port of a domain that it has no privilege over', errno: 'EPERM' },
    { what: 'a domain that does not exist', errno: 'ESRCH' },
  ])('gets $errno for $what', async ({ errno }) => {
    const { machine } = await startLab();
    const guest = machine.domain(1);
    const calls: Record<string, () => Promise<unknown>> = {
      ENOSYS: () => guest.rawOp(99),
      EPERM: () => guest.allocUnbound({ dom: 2, remoteDom: DOMID_SELF }),
      ESRCH: () => guest.status(1, 77),
    };

    expect(await outcomeOf(calls[errno]!())).toBe(errno);
  });

  it('throws TypeError for an argument that no field can hold', async () => {
    const { machine } = await startLab();

    expect(await errorOf(machine.domain(1).send(-1))).toBeInstanceOf(TypeError);
    expect(await errorOf(machine.domain(1).expandArray(-1))).toBeInstanceOf(TypeError);
  });

  it('that does not exist makes no hypercalls', async () => {
    const { machine } = await startLab();

    expect(await outcomeOf(machine.domain(9).bindIpi({ vcpu: 0 }))).toBe('NO_CALLER');
    expect(await outcomeOf(machine.domain(9).view())).toBe('NO_DOMAIN');
  });
});
