import { MachineServiceService as machines } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { Machine } from './machine.ts';
import { Recording } from './trace/recording.ts';
import type { RecordingOptions } from './trace/recording.ts';
import { replayTrace } from './trace/replay.ts';
import type { ReplayReport } from './trace/replay.ts';
import { chunksOf } from './trace/text.ts';
import { machineFromProto, newMachineToProto } from './views/machine-view.ts';
import type { MachineView, NewMachine } from './views/machine-view.ts';
import { ADDRESS_VARIABLE, DEFAULT_ADDRESS } from './wire/address.ts';
import { Wire } from './wire/wire.ts';
import type { ConnectOptions } from './wire/wire.ts';

/** The machine that exists from the start, with dom0 and two guests. */
export const DEFAULT_MACHINE = 'default';

/**
 * A client of the evtchnd at `address`: `host:port` or `unix:path`. Default: what the environment
 * variable EVTCHND_ADDRESS says, or 127.0.0.1:50051. It connects when it is first used.
 *
 * Throws TypeError for anything that is no address.
 */
export function connect(address?: string, options: ConnectOptions = {}): Client {
  const chosen = address ?? (process.env[ADDRESS_VARIABLE] || DEFAULT_ADDRESS);
  return new Client(new Wire(chosen, options));
}

/** A connection to a service, which hosts any number of machines. */
export class Client implements Disposable {
  readonly #wire: Wire;

  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Where the service is. */
  get address(): string {
    return this.#wire.address;
  }

  /** Resolves when the service answers; throws ConnectionError when it does not in `timeoutMs`. */
  ready(timeoutMs = 5_000): Promise<void> {
    return this.#wire.ready(timeoutMs);
  }

  /** A machine by its name. */
  machine(name: string = DEFAULT_MACHINE): Machine {
    return new Machine(this.#wire, name);
  }

  /** All machines, by name. */
  async machines(): Promise<MachineView[]> {
    return (await this.#wire.read(machines.listMachines, {})).machines.map(machineFromProto);
  }

  /**
   * Makes a machine with the given domains.
   *
   * RefusedError: BAD_ARGUMENT, the name or a domain's configuration is not possible;
   * MACHINE_EXISTS; LIMIT. XenError: Xen refuses one of the domains, and there is no machine.
   */
  async createMachine(machine: NewMachine): Promise<Machine> {
    await this.#wire.call(machines.createMachine, newMachineToProto(machine));
    return this.machine(machine.name);
  }

  /**
   * Makes a new machine of a snapshot.
   *
   * RefusedError: BAD_SNAPSHOT, it is of another version, damaged, or no snapshot at all;
   * MACHINE_EXISTS; LIMIT.
   */
  async restoreMachine(name: string, snapshot: string | Uint8Array): Promise<Machine> {
    await this.#wire.upload(machines.restoreMachine, restoreMessages(name, snapshot));
    return this.machine(name);
  }

  /**
   * Replays a trace ("xen-evtchn-trace/1") in a machine of its own, in the service, and answers
   * with what the machine did differently. `name` is what the report calls it.
   *
   * RefusedError: BAD_TRACE, it is truncated or damaged, and the message names the line; LIMIT.
   */
  replayTrace(name: string, text: string | Uint8Array): Promise<ReplayReport> {
    return replayTrace(this.#wire, name, text);
  }

  /** Opens a recording, in a new machine that goes with it unless `options` name one. */
  record(options: RecordingOptions = {}): Recording {
    return new Recording(this.#wire, options);
  }

  /** Ends the connection. Calls that are under way fail. */
  close(): void {
    this.#wire.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function* restoreMessages(
  machine: string,
  snapshot: string | Uint8Array,
): Generator<{ machine: string; chunk: Buffer }, void, undefined> {
  let name = machine;
  for (const chunk of chunksOf(snapshot)) {
    yield { machine: name, chunk };
    name = '';
  }
}
