import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import { loadFileDescriptorSetFromBuffer } from '@grpc/proto-loader';
import type { MethodDefinition, ServiceClientConstructor } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { HealthService } from '../../proto/gen/grpc/health/v1/health.ts';
import { ServerReflectionService } from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import type {
  ServerReflectionRequest,
  ServerReflectionResponse,
} from '../../proto/gen/grpc/reflection/v1/reflection.ts';
import { Reader, call, complete, openDuplex, serve } from './grpc-support.ts';
import type { TestServer } from './grpc-support.ts';

let server: TestServer;

beforeAll(async () => {
  server = await serve();
});
afterAll(() => server.stop());

const { serverReflectionInfo: v1 } = ServerReflectionService;
const v1alpha = { ...v1, path: v1.path.replace('.v1.', '.v1alpha.') };
type Question = NonNullable<ServerReflectionRequest['messageRequest']>;
type Method = MethodDefinition<ServerReflectionRequest, ServerReflectionResponse>;

async function ask(method: Method, messageRequest: Question) {
  const stream = openDuplex(server.client, method);
  stream.write(complete(v1, { messageRequest }));
  stream.end();
  const [answer] = await new Reader<ServerReflectionResponse>(stream).rest();
  return answer?.messageResponse;
}

/** FileDescriptorSet of what reflection gives for a symbol. */
async function descriptorSet(symbol: string): Promise<Buffer> {
  const answer = await ask(v1, { $case: 'fileContainingSymbol', value: symbol });
  if (answer?.$case !== 'fileDescriptorResponse') throw new Error(JSON.stringify(answer));
  const files = answer.value.fileDescriptorProto.flatMap((file) => [
    Buffer.from([
      0x0a,
      (file.length & 0x7f) | 0x80,
      ((file.length >> 7) & 0x7f) | 0x80,
      file.length >> 14,
    ]),
    Buffer.from(file),
  ]);
  return Buffer.concat(files);
}

describe('grpc.health.v1', () => {
  it.each(['', 'evtchnd.v1.EventChannelService', 'evtchnd.v1.TraceService'])(
    'says that %j is served',
    async (service) => {
      const { status } = await call(server.client, HealthService.check, { service });
      expect(status).toBe(1);
    },
  );

  it('knows no other service', async () => {
    const unknown = call(server.client, HealthService.check, { service: 'x.Y' });
    await expect(unknown).rejects.toMatchObject({ code: 5 });
  });
});

describe('grpc.reflection', () => {
  const versions = [
    { method: v1, version: 'v1' },
    { method: v1alpha, version: 'v1alpha' },
  ];
  it.each(versions)('$version lists every service', async ({ method }) => {
    const answer = await ask(method, { $case: 'listServices', value: '*' });

    const names = answer?.$case === 'listServicesResponse' ? answer.value.service : [];
    expect(names.map(({ name }) => name).sort()).toEqual([
      'evtchnd.v1.DomainService',
      'evtchnd.v1.EventChannelService',
      'evtchnd.v1.InterruptService',
      'evtchnd.v1.MachineService',
      'evtchnd.v1.ScenarioService',
      'evtchnd.v1.TraceService',
      'grpc.health.v1.Health',
      'grpc.reflection.v1.ServerReflection',
    ]);
  });

  it('is enough to call a method, knowing nothing else', async () => {
    const definition = loadFileDescriptorSetFromBuffer(
      await descriptorSet('evtchnd.v1.EventChannelService'),
      { keepCase: true },
    );
    const services = loadPackageDefinition(definition) as unknown as {
      evtchnd: { v1: { EventChannelService: ServiceClientConstructor } };
    };
    const { EventChannelService } = services.evtchnd.v1;
    const client = new EventChannelService(server.app.grpcAddress, credentials.createInsecure());

    const method = client['AllocUnbound']!.bind(client) as (
      request: object,
      callback: (error: Error | null, response: unknown) => void,
    ) => void;
    const answer = await new Promise((resolve, reject) => {
      method({ caller: 1, dom: 32752, remote_dom: 2 }, (error, response) =>
        error === null ? resolve(response) : reject(error),
      );
    });
    // Its method `close` is the rpc of that name.
    Client.prototype.close.call(client);

    expect(answer).toMatchObject({ port: 2 });
  });

  it('describes what errors carry', async () => {
    const set = await descriptorSet('google.rpc.ErrorInfo');
    expect(set.includes('google/rpc/error_details.proto')).toBe(true);
  });

  it('says so where nothing has the name', async () => {
    const answer = await ask(v1, { $case: 'fileContainingSymbol', value: 'no.Such' });
    expect(answer).toMatchObject({ $case: 'errorResponse', value: { errorCode: 5 } });
  });
});
