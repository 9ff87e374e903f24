import type { Command } from 'commander';

import type { Page } from '../../typescript/index.ts';
import { collect, domid, page, uint32, uint64 } from '../arguments.ts';
import { call, hypercall } from './hypercall.ts';

interface OfOption {
  readonly of?: number;
}

interface PollOptions {
  readonly timeout: bigint;
  readonly wait?: boolean;
}

/** EVTCHNOP_* on a domain as a whole, SCHEDOP_poll and VCPUOP_*. Arguments are named as Xen's. */
export function addHypercalls(program: Command): void {
  hypercall(program, 'reset', 'EVTCHNOP_reset: close all ports, back to the 2-level ABI')
    .option('--of <domid>', "whose ports, Xen's argument dom (default: the caller)", domid)
    .action(
      call(async (vcpu, out, { of }: OfOption) => {
        await vcpu.reset(of);
        out.done();
      }),
    );
  addFifo(program);
  hypercall(program, 'evtchn-op', 'an EVTCHNOP number that Xen does not know: ENOSYS')
    .argument('<cmd>', '15 or more', uint32)
    .action(
      call(async (vcpu, out, cmd: number) => {
        await vcpu.rawOp(cmd);
        out.done();
      }),
    );
  addPoll(program);
  addVcpuOps(program);
}

function addFifo(program: Command): void {
  hypercall(program, 'init-control', 'EVTCHNOP_init_control: a FIFO control block for a vCPU')
    .argument('<gfn>', 'a page of the caller, or shared_info', page)
    .argument('<offset>', 'in bytes, a multiple of 8', uint32)
    .argument('<vcpu>', 'whose block it is', uint32)
    .action(
      call(async (vcpu, out, gfn: Page, offset: number, of: number) => {
        const linkBits = await vcpu.initControl({ page: gfn, offset, vcpu: of });
        out.one({ linkBits }, `link_bits ${linkBits}`);
      }),
    );
  hypercall(program, 'expand-array', 'EVTCHNOP_expand_array: event words of 1024 more ports')
    .argument('<gfn>', 'a page of the caller, or shared_info', page)
    .action(
      call(async (vcpu, out, gfn: Page) => {
        await vcpu.expandArray(gfn);
        out.done();
      }),
    );
}

function addPoll(program: Command): void {
  hypercall(program, 'sched-poll', 'SCHEDOP_poll: sleep until one of the ports is pending')
    .argument('<ports...>', 'up to 128', collect(uint32))
    .option('--timeout <ns>', 'virtual time at which to give up; 0: never', uint64, 0n)
    .option('--wait', 'answer when the vCPU wakes')
    .action(
      call(async (vcpu, out, ports: readonly number[], { timeout, wait = false }: PollOptions) => {
        const result = await vcpu.schedPoll({ ports, timeoutNs: timeout, wait });
        const { blocked, slept, timedOut } = result;
        const woken = timedOut ? 'woken by the timeout' : 'woken by an event';
        out.one(result, blocked ? 'blocked' : slept ? woken : 'not blocked');
      }),
    );
  hypercall(program, 'poll-join', 'whether the vCPU sleeps in SCHEDOP_poll')
    .option('--wait', 'answer when it no longer does')
    .action(
      call(async (vcpu, out, { wait = false }: { wait?: boolean }) => {
        const result = await vcpu.pollJoin({ wait });
        out.one(result, result.blocked ? 'blocked' : 'not blocked');
      }),
    );
}

function addVcpuOps(program: Command): void {
  hypercall(program, 'register-vcpu-info', 'VCPUOP_register_vcpu_info: move a vcpu_info')
    .argument('<gfn>', 'a page of the caller, or shared_info', page)
    .argument('<offset>', 'in bytes, aligned to a word', uint32)
    .argument('<vcpu>', 'whose vcpu_info it is', uint32)
    .action(
      call(async (vcpu, out, gfn: Page, offset: number, of: number) => {
        await vcpu.registerVcpuInfo({ page: gfn, offset, vcpu: of });
        out.done();
      }),
    );
  hypercall(program, 'vcpu-up', 'VCPUOP_initialise (the first time) and VCPUOP_up')
    .argument('<vcpu>', 'a vCPU of the caller', uint32)
    .action(
      call(async (vcpu, out, which: number) => {
        await vcpu.vcpuUp(which);
        out.done();
      }),
    );
  hypercall(program, 'vcpu-down', 'VCPUOP_down')
    .argument('<vcpu>', 'a vCPU of the caller', uint32)
    .action(
      call(async (vcpu, out, which: number) => {
        await vcpu.vcpuDown(which);
        out.done();
      }),
    );
}
