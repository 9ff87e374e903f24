import { describe, expect, it } from 'vitest';
import { Machine, SnapshotError, hash64 } from '../../../core/index.ts';
import type { MachineSnapshot } from '../../../core/index.ts';
import { XEN, boot } from '../../support/host.ts';
import { randomOps } from '../../support/random-ops.ts';

const asJson = (value: unknown): MachineSnapshot =>
  JSON.parse(JSON.stringify(value)) as MachineSnapshot;

describe('a snapshot', () => {
  it.each([51, 52, 53, 54, 55, 56])('round trip is identity (seed %i)', (seed) => {
    const machine = Machine.create({ resetSlicePorts: seed % 2 === 0 ? 64 : 0 });

    let count = 0;
    for (const op of randomOps(seed, 3000)) {
      machine.execute(op);
      count += 1;
      if (count % 250 !== 0) continue;
      const snapshot = asJson(machine.snapshot());
      const restored = Machine.restore(snapshot);
      expect(asJson(restored.snapshot())).toEqual(snapshot);
      expect(restored.invariantViolations()).toEqual([]);
      expect(restored.stateHash()).toBe(machine.stateHash());
    }
  });

  it('of a machine without domains is one as well', () => {
    const snapshot = Machine.create({ xen: '4.17', seed: 9 }).snapshot();

    const restored = Machine.restore(asJson(snapshot));

    expect(restored.snapshot()).toEqual(snapshot);
    expect(restored.config).toMatchObject({ xen: '4.17', seed: 9 });
  });

  it('keeps pages byte by byte, and what views show', () => {
    const xen = boot({}, [{ vcpus: 40 }, { guest: 'hvm64' }]);
    xen.fifo(1, { vcpus: 2, pages: 2 });
    xen.channel(1, 2);
    xen.must(1, 'register_vcpu_info', { gfn: 9, offset: 128, vcpu: 33 });
    xen.must(0, 'create_ioreq_server', { dom: 2 });
    const idle = xen.ipi(2, 1);
    xen.must(2, 'sched_poll', { ports: [idle], nrPorts: 1, timeout: 99, callerVcpu: 1 });
    const { machine } = xen;

    const restored = Machine.restore(asJson(machine.snapshot()));

    expect(restored.domains()).toEqual(machine.domains());
    for (const dom of [0, 1, 2]) {
      expect(restored.ports(dom, 0, 100)).toEqual(machine.ports(dom, 0, 100));
      for (const gfn of [-1, 0, 1, 2, 9]) {
        expect(restored.page(dom, gfn)).toEqual(machine.page(dom, gfn));
      }
    }
    for (const vcpu of [0, 1, 33]) expect(restored.vcpu(1, vcpu)).toEqual(machine.vcpu(1, vcpu));
    expect(restored.vcpu(2, 1)!.poll).toEqual({ port: idle, deadline: 99 });
    expect(restored.debugKeyE()).toBe(machine.debugKeyE());
  });

  it('keeps a poll’s timeout', () => {
    const xen = boot();
    xen.ipi(1, 1);
    xen.must(1, 'sched_poll', { ports: [1], nrPorts: 1, timeout: 500 });
    const restored = Machine.restore(asJson(xen.machine.snapshot()));

    restored.execute({ op: 'advance_clock', caller: XEN, ns: 500 });

    expect(restored.vcpu(1, 0)!.poll).toBe(undefined);
  });

  it('is a copy: the machine goes on without it', () => {
    const xen = boot();
    const snapshot = xen.machine.snapshot();
    const before = asJson(snapshot);

    xen.channel(1, 2);
    xen.fifo(1);

    expect(asJson(snapshot)).toEqual(before);
  });

  it('has a hash over all that it holds', () => {
    const { format: _format, hash, ...content } = boot().machine.snapshot();

    expect(hash64(JSON.stringify(content))).toBe(hash);
  });
});

describe('a snapshot that cannot be restored', () => {
  const snapshot = asJson(boot().machine.snapshot());

  it.each([
    { what: 'nothing', value: undefined, says: 'this is not a snapshot: it has no "format"' },
    { what: 'null', value: null, says: 'this is not a snapshot' },
    { what: 'a text', value: 'snapshot', says: 'this is not a snapshot' },
    { what: 'an object of another kind', value: { a: 1 }, says: 'this is not a snapshot' },
    { what: 'a list', value: [snapshot], says: 'this is not a snapshot' },
    {
      what: 'of another version',
      value: { ...snapshot, format: 'evtchnd-snapshot/2' },
      says: 'the format is "evtchnd-snapshot/2"; this version reads "evtchnd-snapshot/1"',
    },
    { what: 'a journal', value: { format: 'evtchnd-journal/1' }, says: 'the format is' },
    { what: 'cut down to its format', value: { format: snapshot.format }, says: 'was cut or' },
    { what: 'without its domains', value: { ...snapshot, domains: [] }, says: 'cut or changed' },
    {
      what: 'with another configuration',
      value: { ...snapshot, config: { ...snapshot.config, xen: '4.17' } },
      says: 'cut or changed',
    },
    { what: 'with another clock', value: { ...snapshot, nowNs: 1 }, says: 'cut or changed' },
    { what: 'with another hash', value: { ...snapshot, hash: '0'.repeat(16) }, says: 'not 0000' },
  ])('because it is $what says so', ({ value, says }) => {
    expect(() => Machine.restore(value)).toThrow(SnapshotError);
    expect(() => Machine.restore(value)).toThrow(says);
  });

  it('because any one number or text of it was changed says so', () => {
    const text = JSON.stringify(snapshot);
    let tried = 0;
    for (const { index } of text.matchAll(/\d/g)) {
      if (tried > 400) break;
      const tampered = `${text.slice(0, index)}${(Number(text[index]) + 1) % 10}${text.slice(index + 1)}`;
      let value: unknown;
      try {
        value = JSON.parse(tampered);
      } catch {
        continue; // A leading 0: no JSON, so nothing to restore.
      }
      expect(() => Machine.restore(value), tampered.slice(index - 20, index + 5)).toThrow(
        SnapshotError,
      );
      tried += 1;
    }
    expect(tried).toBeGreaterThan(100);
  });
});

describe('a snapshot with a right hash over content that makes no sense', () => {
  it.each([
    { what: 'a channel with one end', ports: [[1, 'interdomain', 9, 9, 0, 0, 7, 0, 0]] },
    { what: 'a port that notifies no vCPU', ports: [[1, 'ipi', 0, 0, 77, 0, 7, 0, 0]] },
    { what: 'a port beyond the valid ones', ports: [[900, 'ipi', 0, 0, 0, 0, 7, 0, 0]] },
  ])('is refused as such: $what', ({ ports }) => {
    const { format, hash: _hash, ...content } = asJson(boot().machine.snapshot());
    Object.assign(content.domains[1]!, { ports });
    const hash = hash64(JSON.stringify(content));

    expect(() => Machine.restore({ format, hash, ...content })).toThrow(SnapshotError);
  });
});
