import { describe, expect, it } from 'vitest';
import { JournalError, Machine, OP_ARGUMENTS } from '../../../core/index.ts';
import type { MachineOptions, Op } from '../../../core/index.ts';
import { boot, makeOp } from '../../support/host.ts';
import { random } from '../../support/random.ts';
import { RANDOM_OPS, randomOps } from '../../support/random-ops.ts';

function run(seed: number, count: number, options: MachineOptions = {}): Machine {
  const machine = Machine.create(options);
  for (const op of randomOps(seed, count)) machine.execute(op);
  return machine;
}

describe('a journal', () => {
  it('gives back every op as it was made: every argument, vCPU and pointer', () => {
    const machine = Machine.create();
    const chance = random(7);
    const made: Op[] = [];
    for (let time = 0; time < 3000; time += 1) {
      const op = RANDOM_OPS[chance(RANDOM_OPS.length)]!;
      const args = OP_ARGUMENTS[op].map((name) => [name, chance(2) * 2 ** chance(53)]);
      const ports = Array.from({ length: chance(130) }, () => 2 ** chance(32));
      const extra = op === 'sched_poll' ? { ports } : {};
      const caller = chance(0x7ff0);
      made.push(makeOp(caller, op, { ...Object.fromEntries(args), ...extra }));
    }

    const taken = made.filter((op) => !('refused' in machine.execute(op)));

    expect([...machine.journalOps()]).toEqual(taken);
    expect(taken.length).toBeGreaterThan(100);
  });

  it.each([
    makeOp(1, 'send', { port: 0xffff_ffff, callerVcpu: 3 }),
    makeOp(1, 'send', { port: 3, ptr: 'bad' }),
    makeOp(1, 'init_control', { gfn: 2 ** 64, offset: 8, vcpu: 1 }),
    makeOp(1, 'init_control', { gfn: -1 }),
    makeOp(1, 'sched_poll', { ports: [], nrPorts: 0, timeout: 2 ** 53 }),
    makeOp(0x7ff2, 'create_domain', { dom: -1, vcpus: 4096, maxEvtchnPort: 0xffff_ffff }),
    makeOp(65_535, 'raise_debug'),
  ])('keeps %j', (op) => {
    const { machine } = boot();

    machine.execute(op);

    expect([...machine.journalOps()].at(-1)).toEqual(op);
  });

  it.each([41, 42])('replays to the same state, effects and journal (seed %i)', (seed) => {
    const machine = run(seed, 4000);

    const again = Machine.replay(machine.journalText());

    expect(again.stateHash()).toBe(machine.stateHash());
    expect(again.outbox.read(1, 1_000_000)).toEqual(machine.outbox.read(1, 1_000_000));
    expect(again.journalText()).toBe(machine.journalText());
    expect(machine.journalComplete).toBe(true);
  });

  it('brings the configuration along', () => {
    const options = { xen: '4.17', seed: 5, resetSlicePorts: 64, limits: { domains: 9 } } as const;

    expect(Machine.replay(run(1, 10, options).journalText()).config).toMatchObject(options);
  });

  it('starts anew from a snapshot when it is longer than limits.journalBytes', () => {
    const machine = run(43, 40_000, { limits: { journalBytes: 65_536 } });

    expect(machine.journalComplete).toBe(false);
    expect([...machine.journalOps()].length).toBeLessThan(30_000);
    const again = Machine.replay(machine.journalText());
    expect(again.stateHash()).toBe(machine.stateHash());
    expect(again.opCount).toBe(machine.opCount);
  });

  it('of a restored machine starts from its snapshot', () => {
    const machine = Machine.restore(run(44, 500).snapshot());
    for (const op of randomOps(45, 300)) machine.execute(op);

    const again = Machine.replay(machine.journalText());

    expect(again.stateHash()).toBe(machine.stateHash());
    expect(again.journalComplete).toBe(false);
  });

  it('is told line by line as well', () => {
    const machine = run(46, 20);

    expect(`${[...machine.journalLines()].join('\n')}\n`).toBe(machine.journalText());
  });
});

describe('a text that is no journal', () => {
  const HEADER = '{"format":"evtchnd-journal/1","config":{}}';
  const GOOD = '{"op":"advance_clock","caller":0,"ns":1}';

  it.each([
    { what: 'nothing', text: '', says: 'line 1: not a JSON object' },
    { what: 'another file', text: '#!/bin/sh\n', says: 'line 1: not a JSON object' },
    { what: 'a number', text: '7\n', says: 'line 1: not a JSON object' },
    { what: 'null', text: 'null\n', says: 'line 1: not a JSON object' },
    {
      what: 'another version',
      text: '{"format":"evtchnd-journal/2"}\n',
      says: 'line 1: the format is "evtchnd-journal/2", not "evtchnd-journal/1"',
    },
    {
      what: 'a journal without its last end of line',
      text: `${HEADER}\n${GOOD}`,
      says: 'the last line has no end: the journal is cut off',
    },
    {
      what: 'a journal with garbage',
      text: `${HEADER}\n${GOOD}\n\u0000\n`,
      says: 'line 3: not a JSON object',
    },
    {
      what: 'a journal with an empty line',
      text: `${HEADER}\n\n${GOOD}\n`,
      says: 'line 2: not a JSON object',
    },
    {
      what: 'a journal with an unknown op',
      text: `${HEADER}\n{"op":"teleport","caller":0}\n`,
      says: 'line 2: no op "teleport"',
    },
    {
      what: 'a journal with a line without an op',
      text: `${HEADER}\n{"caller":0}\n`,
      says: 'line 2: no op "undefined"',
    },
    {
      what: 'a journal with an op without its caller',
      text: `${HEADER}\n{"op":"raise_debug"}\n`,
      says: 'line 2: raise_debug needs a number as caller',
    },
    {
      what: 'a journal with an argument that is a text',
      text: `${HEADER}\n${GOOD}\n{"op":"send","caller":1,"port":"1"}\n`,
      says: 'line 3: send needs a number as port',
    },
    {
      what: 'a journal with a poll that lists no ports',
      text: `${HEADER}\n{"op":"sched_poll","caller":1,"nrPorts":1,"timeout":0}\n`,
      says: 'line 2: sched_poll needs a list of numbers as ports',
    },
    {
      what: 'a journal with a poll of ports that are texts',
      text: `${HEADER}\n{"op":"sched_poll","caller":1,"nrPorts":1,"timeout":0,"ports":["1"]}\n`,
      says: 'line 2: sched_poll needs a list of numbers as ports',
    },
  ])('but $what, is refused with its line', ({ text, says }) => {
    expect(() => Machine.replay(text)).toThrow(JournalError);
    expect(() => Machine.replay(text)).toThrow(says);
  });
});
