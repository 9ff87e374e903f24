import { fileURLToPath } from 'node:url';
import type { Server } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

const PROTO_FOLDER = fileURLToPath(new URL('../../proto', import.meta.url));

const FILES = [
  'evtchnd/v1/machine_service.proto',
  'evtchnd/v1/domain_service.proto',
  'evtchnd/v1/event_channel_service.proto',
  'evtchnd/v1/trace_service.proto',
  'google/rpc/error_details.proto',
  'google/rpc/status.proto',
];

/** grpc.reflection v1 and v1alpha: clients without our protos can list and call everything. */
export function addReflection(server: Server): void {
  const definition = loadSync(FILES, { includeDirs: [PROTO_FOLDER], keepCase: true });
  new ReflectionService(definition).addToServer(server);
}
