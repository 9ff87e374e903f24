import { EVTCHNSTAT } from '../public/event-channel.ts';
import type { PortStatus } from '../public/event-channel.ts';
import { returnValue } from '../public/errno.ts';
import type { Result } from '../public/errno.ts';
import type { AuditLine, AuditPort } from './lines.ts';

/** Asks for the status of ports 0, 1, 2, … of `dom`, to the first failure or to `limit`. */
export function audit(
  i: number,
  dom: number,
  limit: number,
  status: (port: number) => Result<PortStatus>,
): AuditLine {
  const ports: AuditPort[] = [];
  for (let port = 0; port < limit; port += 1) {
    const result = status(port);
    if (!result.ok) return { i, audit: dom, ports, scanned: port, stop_rc: returnValue(result) };
    if (result.value.status !== EVTCHNSTAT.closed) append(ports, auditPort(port, result.value));
  }
  return { i, audit: dom, ports, scanned: limit, stop_rc: 0 };
}

function auditPort(port: number, value: PortStatus): AuditPort {
  const { status, state, vcpu, remoteDom, remotePort, pirq, virq } = value;
  return {
    port,
    status,
    state,
    vcpu,
    ...(remoteDom !== undefined && { remote_dom: remoteDom }),
    ...(remotePort !== undefined && { remote_port: remotePort }),
    ...(pirq !== undefined && { pirq }),
    ...(virq !== undefined && { virq }),
  };
}

/** Joins a port to the run before it, where it follows that and says the same. */
function append(ports: AuditPort[], next: AuditPort): void {
  const last = ports.at(-1);
  if (last !== undefined && (last.to ?? last.port) + 1 === next.port && saysTheSame(last, next)) {
    ports[ports.length - 1] = { ...last, to: next.port };
  } else {
    ports.push(next);
  }
}

const saysTheSame = (a: AuditPort, b: AuditPort): boolean =>
  a.status === b.status &&
  a.vcpu === b.vcpu &&
  a.remote_dom === b.remote_dom &&
  a.remote_port === b.remote_port &&
  a.pirq === b.pirq &&
  a.virq === b.virq;
