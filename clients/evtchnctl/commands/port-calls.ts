import type { Command } from 'commander';

import { domid, uint32, virq } from '../arguments.ts';
import { call, hypercall, tellPort } from './hypercall.ts';
import { lsLine } from './ls-line.ts';

interface OfOption {
  readonly of?: number;
}

/** EVTCHNOP_* that give, use and take away ports. Arguments are named as Xen's. */
export function addPortCalls(program: Command): void {
  addBinds(program);
  addInterruptBinds(program);
  addUses(program);
  hypercall(program, 'status', 'EVTCHNOP_status: what a port is bound to')
    .argument('<port>', 'evtchn_port_t', uint32)
    .option('--of <domid>', "whose port, Xen's argument dom (default: the caller)", domid)
    .action(
      call(async (vcpu, out, port: number, { of }: OfOption) => {
        const status = await vcpu.status(port, of);
        out.one(status, lsLine({ port, ...status }));
      }),
    );
}

function addBinds(program: Command): void {
  hypercall(program, 'alloc-unbound', 'EVTCHNOP_alloc_unbound: a port that <remote_dom> may bind')
    .argument('<remote_dom>', 'domid', domid)
    .option('--of <domid>', "whose port, Xen's argument dom (default: the caller)", domid)
    .addHelpText('after', '\nExample:\n  evtchnctl alloc-unbound --dom 1 2')
    .action(
      call(async (vcpu, out, remoteDom: number, { of }: OfOption) => {
        const whose = of === undefined ? {} : { dom: of };
        tellPort(out, await vcpu.allocUnbound({ remoteDom, ...whose }));
      }),
    );
  hypercall(program, 'bind-interdomain', 'EVTCHNOP_bind_interdomain: join a port to another')
    .argument('<remote_dom>', 'domid', domid)
    .argument('<remote_port>', 'a port that is unbound for the caller', uint32)
    .addHelpText('after', '\nExample:\n  evtchnctl bind-interdomain --dom 2 1 1')
    .action(
      call(async (vcpu, out, remoteDom: number, remotePort: number) => {
        tellPort(out, await vcpu.bindInterdomain({ remoteDom, remotePort }));
      }),
    );
}

function addInterruptBinds(program: Command): void {
  hypercall(program, 'bind-virq', 'EVTCHNOP_bind_virq: a port for a VIRQ')
    .argument('<virq>', 'number or name, such as timer', virq)
    .argument('[vcpu]', 'for a VIRQ that is per vCPU', uint32, 0)
    .action(
      call(async (vcpu, out, number: number, on: number) => {
        tellPort(out, await vcpu.bindVirq({ virq: number, vcpu: on }));
      }),
    );
  hypercall(program, 'bind-pirq', 'EVTCHNOP_bind_pirq: a port for a physical interrupt')
    .argument('<pirq>', 'see domain map-pirq', uint32)
    .argument('[flags]', '1: BIND_PIRQ__WILL_SHARE', uint32, 0)
    .action(
      call(async (vcpu, out, pirq: number, flags: number) => {
        tellPort(out, await vcpu.bindPirq({ pirq, flags }));
      }),
    );
  hypercall(program, 'bind-ipi', 'EVTCHNOP_bind_ipi: a port on which it notifies its own vCPU')
    .argument('<vcpu>', 'the vCPU to notify', uint32)
    .action(
      call(async (vcpu, out, on: number) => {
        tellPort(out, await vcpu.bindIpi({ vcpu: on }));
      }),
    );
}

function addUses(program: Command): void {
  const use = (name: 'send' | 'unmask' | 'close', text: string) =>
    hypercall(program, name, text)
      .argument('<port>', 'evtchn_port_t', uint32)
      .action(
        call(async (vcpu, out, port: number) => {
          await vcpu[name](port);
          out.done();
        }),
      );
  use('send', 'EVTCHNOP_send: notify the far end');
  use('unmask', 'EVTCHNOP_unmask: clear the mask, and notify if it is pending');
  use('close', 'EVTCHNOP_close: free the port');

  hypercall(program, 'bind-vcpu', 'EVTCHNOP_bind_vcpu: which vCPU its events notify')
    .argument('<port>', 'evtchn_port_t', uint32)
    .argument('<vcpu>', 'the vCPU to notify', uint32)
    .action(
      call(async (vcpu, out, port: number, on: number) => {
        await vcpu.bindVcpu(port, on);
        out.done();
      }),
    );
  hypercall(program, 'set-priority', 'EVTCHNOP_set_priority: which FIFO queue it goes to')
    .argument('<port>', 'evtchn_port_t', uint32)
    .argument('<priority>', '0, the most urgent, to 15', uint32)
    .action(
      call(async (vcpu, out, port: number, priority: number) => {
        await vcpu.setPriority(port, priority);
        out.done();
      }),
    );
}
