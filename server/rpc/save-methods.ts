import type { handleUnaryCall } from '@grpc/grpc-js';

import { DOMID_XEN, SnapshotError } from '../../core/index.ts';
import type * as proto from '../../proto/gen/evtchnd/v1/domain_service.ts';
import { IMAGE_BYTES_MAX } from '../config.ts';
import { checkPrecreate } from '../guest/boot-op.ts';
import { DriverHub } from '../guest/driver-hub.ts';
import { boundHandles, fatesOf } from '../guest/fates.ts';
import type { HostedMachine } from '../machines.ts';
import type { RpcContext } from './context.ts';
import { failureOf, refused } from './failure.ts';
import { perform } from './one-op.ts';
import { finish, quiesce } from './suspend-method.ts';
import { machineOf, unary } from './unary.ts';

/** DomainService.SaveDomain */
export const saveDomain = (
  context: RpcContext,
): handleUnaryCall<proto.SaveDomainRequest, proto.SaveDomainResponse> =>
  unary(context, async (request, call) => {
    const { dom, caller = DOMID_XEN, leaveRunning } = request;
    const hosted = machineOf(context, request.machine);
    const mode = leaveRunning ? 'checkpoint' : 'real';
    const notReady = await quiesce(hosted, request, mode, call);
    if (notReady.length > 0) {
      finish(hosted, request, 'failed');
      throw refused('NOT_READY', `domain ${dom} goes on as it was: ${notReady.join('; ')}`);
    }
    const image = imageOf(hosted, request);
    if (leaveRunning) finish(hosted, request, 'checkpoint');
    else perform(hosted, { op: 'destroy_domain', caller, dom });
    const hub = DriverHub.of(hosted);
    hub.drain();
    hub.suspends.ended(dom);
    return { image };
  });

function imageOf(hosted: HostedMachine, request: proto.SaveDomainRequest): Buffer {
  try {
    const image = Buffer.from(JSON.stringify(hosted.machine.saveGuest(request.dom)));
    if (image.length <= IMAGE_BYTES_MAX) return image;
    const size = `the image of domain ${request.dom} has ${image.length} bytes`;
    throw refused('LIMIT', `${size}, more than ${IMAGE_BYTES_MAX}: snapshot the machine instead`);
  } catch (error) {
    finish(hosted, request, 'failed');
    if (error instanceof SnapshotError) throw refused('NOT_READY', error.message);
    throw error;
  }
}

/** DomainService.RestoreDomain */
export const restoreDomain = (
  context: RpcContext,
): handleUnaryCall<proto.RestoreDomainRequest, proto.RestoreDomainResponse> =>
  unary(context, ({ machine, image, newDom, precreate }) => {
    const hosted = machineOf(context, machine);
    const dom = restore(hosted, parse(image), newDom ?? -1, checkPrecreate(precreate));
    const view = hosted.machine.guest(dom)!;
    return { dom, handles: fatesOf(view, 'real', boundHandles(view)) };
  });

function parse(image: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(image).toString());
  } catch {
    throw refused('BAD_IMAGE', 'not JSON: give what SaveDomain gave');
  }
}

function restore(hosted: HostedMachine, image: unknown, dom: number, precreate: number): number {
  try {
    const answer = hosted.machine.restoreGuest(image, { dom, precreate });
    hosted.settle();
    if (answer.ok) return answer.value.dom;
    throw failureOf({ op: 'destroy_domain', caller: DOMID_XEN, dom }, answer)!;
  } catch (error) {
    if (error instanceof SnapshotError) throw refused('BAD_IMAGE', error.message);
    throw error;
  }
}
