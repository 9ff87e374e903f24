import { Server, ServerCredentials } from '@grpc/grpc-js';
import { HealthImplementation } from 'grpc-health-check';

import { DomainServiceService } from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { InterruptServiceService } from '../../proto/gen/evtchnd/v1/interrupt_service.ts';
import { MachineServiceService } from '../../proto/gen/evtchnd/v1/machine_service.ts';
import { ScenarioServiceService } from '../../proto/gen/evtchnd/v1/scenario_service.ts';
import {
  CALLS_PER_CONNECTION_MAX,
  KEEPALIVE_MS,
  KEEPALIVE_TIMEOUT_MS,
  MESSAGE_BYTES_MAX,
} from '../config.ts';
import type { RpcContext } from './context.ts';
import { EVENT_CHANNEL_SERVICE, TRACE_SERVICE, tolerant } from './definitions.ts';
import { domainService } from './domain-service.ts';
import { eventChannelService } from './event-channel-service.ts';
import { interruptService } from './interrupt-service.ts';
import { machineService } from './machine-service.ts';
import { addReflection } from './reflection.ts';
import { scenarioService } from './scenario-service.ts';
import { sessionInterceptor } from './session.ts';
import { traceService } from './trace-service.ts';

/** Names by which health is asked; the empty one is the whole server. */
const HEALTH_NAMES = [
  '',
  'evtchnd.v1.MachineService',
  'evtchnd.v1.DomainService',
  'evtchnd.v1.EventChannelService',
  'evtchnd.v1.InterruptService',
  'evtchnd.v1.TraceService',
  'evtchnd.v1.ScenarioService',
];

/** The gRPC side of the server. It listens nowhere until `bind`. */
export class GrpcServer {
  readonly #server: Server;
  readonly #health = new HealthImplementation();

  constructor(context: RpcContext) {
    this.#server = new Server({
      'grpc.max_receive_message_length': MESSAGE_BYTES_MAX,
      'grpc.max_concurrent_streams': CALLS_PER_CONNECTION_MAX,
      // Off unless set: a client whose computer vanished would keep its streams for ever.
      'grpc.keepalive_time_ms': KEEPALIVE_MS,
      'grpc.keepalive_timeout_ms': KEEPALIVE_TIMEOUT_MS,
      interceptors: [sessionInterceptor(context)],
    });
    this.#server.addService(tolerant(MachineServiceService), machineService(context));
    this.#server.addService(tolerant(DomainServiceService), domainService(context));
    this.#server.addService(EVENT_CHANNEL_SERVICE, eventChannelService(context));
    this.#server.addService(tolerant(InterruptServiceService), interruptService(context));
    this.#server.addService(TRACE_SERVICE, traceService(context));
    this.#server.addService(tolerant(ScenarioServiceService), scenarioService(context));
    this.#health.addToServer(this.#server);
    addReflection(this.#server);
  }

  /** Listens on HOST:PORT or unix:PATH. Answers the port. */
  bind(address: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.bindAsync(address, ServerCredentials.createInsecure(), (error, port) =>
        error === null ? resolve(port) : reject(error),
      );
    });
  }

  setServing(serving: boolean): void {
    for (const name of HEALTH_NAMES)
      this.#health.setStatus(name, serving ? 'SERVING' : 'NOT_SERVING');
  }

  /** Refuses new calls, and answers once all have ended, or cuts them off after `drainMs`. */
  stop(drainMs: number): Promise<void> {
    return new Promise((resolve) => {
      const force = setTimeout(() => this.#server.forceShutdown(), drainMs);
      this.#server.tryShutdown(() => {
        clearTimeout(force);
        resolve();
      });
    });
  }
}
