import type { Server } from '@grpc/grpc-js';
import type { PackageDefinition } from '@grpc/proto-loader';
import { ReflectionService } from '@grpc/reflection';

import { FILE_DESCRIPTORS } from '../../proto/gen/descriptors.ts';

/** grpc.reflection v1 and v1alpha: clients without our protos can list and call everything. */
export function addReflection(server: Server): void {
  const fileDescriptorProtos = FILE_DESCRIPTORS.map((file) => Buffer.from(file, 'base64'));
  // Of a package's definition, the service reads nothing but the descriptors.
  const definition = { evtchnd: { fileDescriptorProtos } } as unknown as PackageDefinition;
  new ReflectionService(definition).addToServer(server);
}
