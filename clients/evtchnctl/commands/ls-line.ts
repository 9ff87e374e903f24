import type { PortStatus } from '../../typescript/index.ts';

type PortLine = { readonly port: number } & Omit<PortStatus, 'status'>;

/** A port as Xen's lsevtchn prints it, so that scripts which read that can read this. */
export const lsLine = (line: PortLine): string =>
  `${String(line.port).padStart(4)}: VCPU ${line.vcpu}: ${binding(line)}`;

function binding({ state, remoteDom, remotePort, pirq, virq }: PortLine): string {
  switch (state) {
    case 'unbound':
      return `Interdomain (Waiting connection) - Remote Domain ${remoteDom}`;
    case 'interdomain':
      return `Interdomain (Connected) - Remote Domain ${remoteDom}, Port ${remotePort}`;
    case 'pirq':
      return `Physical IRQ ${pirq}`;
    case 'virq':
      return `Virtual IRQ ${virq}`;
    case 'ipi':
      return 'IPI';
    case 'closed':
    case 'reserved':
      return 'Closed'; // lsevtchn leaves these out; a status of one is told.
    case 'unknown':
      return 'Unknown';
  }
}
