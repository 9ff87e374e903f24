import { EFFECT } from '../public/effect.ts';
import { hash64 } from '../lib/hash.ts';
import { DOMID_XEN } from '../public/ids.ts';
import type { Domid } from '../public/ids.ts';
import { GUEST_KINDS } from '../public/shared-info.ts';
import type { Domain } from '../xen/domain.ts';
import type { Hypervisor } from '../xen/hypervisor.ts';
import type { Guests } from './guests.ts';
import { kernelImage, restoreKernel } from './kernel-image.ts';
import type { KernelImage } from './kernel-image.ts';
import type { OpOf } from './op.ts';
import { SnapshotError } from './snapshot-format.ts';
import type { PageImage } from './snapshot-format.ts';
import { pageImages, writePages } from './snapshot-pages.ts';
import { SUSPEND_MODES, continueIn } from './suspend.ts';

export const DOMAIN_IMAGE_FORMAT = 'evtchnd-domain/1';

/** A suspended domain as JSON-able data: what another one needs to go on as it, and no port. */
export interface GuestImage {
  readonly format: typeof DOMAIN_IMAGE_FORMAT;
  /** hash64 over the rest. */
  readonly hash: string;
  /** `create_domain` of a domain like it. */
  readonly domain: Omit<OpOf<'create_domain'>, 'op' | 'caller' | 'dom'>;
  /** Its pages; shared_info is Xen's, and is made anew. */
  readonly memory: readonly PageImage[];
  readonly kernel: KernelImage;
}

/** Where an image is restored. */
export interface RestoreOptions {
  /** Domid of the new domain; -1: the next free one. */
  readonly dom: number;
  /** Ports that the toolstack opens before xenstore's. */
  readonly precreate: number;
}

/** The image of `dom`, whose suspend was begun. Throws SnapshotError where there is none. */
export function saveGuest(guests: Guests, dom: Domid): GuestImage {
  const kernel = guests.kernel(dom);
  if (kernel === undefined) throw new SnapshotError(`domain ${dom} has no kernel to save`);
  if (kernel.lifecycle !== 'suspending' || kernel.dead !== undefined) {
    throw new SnapshotError(`the guest of domain ${dom} is not suspending: begin that first`);
  }
  if (kernel.threads.size > 0) {
    throw new SnapshotError('threads of a guest stand between two steps: run them to their end');
  }
  const content = {
    domain: domainFields(kernel.domain),
    memory: pageImages(kernel.domain.memory).filter(([page]) => page > 0),
    kernel: kernelImage(kernel),
  };
  return { format: DOMAIN_IMAGE_FORMAT, hash: hash64(JSON.stringify(content)), ...content };
}

const domainFields = (domain: Domain): GuestImage['domain'] => ({
  guest: GUEST_KINDS.indexOf(domain.guest),
  privileged: domain.privileged ? 1 : 0,
  vcpus: domain.vcpus.length,
  vcpusUp: domain.vcpus.filter(({ up }) => up).length,
  maxEvtchnPort: domain.maxEvtchnPort,
  pages: domain.memory.frames,
  paused: 0,
});

/** The image, if it is whole, and the journal can start anew after it. Throws SnapshotError. */
export function checkGuestImage(guests: Guests, value: unknown): GuestImage {
  if (guests.hasThreads) throw new SnapshotError('threads of a guest run: end them first');
  if (typeof value !== 'object' || value === null || !('format' in value)) {
    throw new SnapshotError('this is no image of a domain: it has no "format"');
  }
  if (value.format !== DOMAIN_IMAGE_FORMAT) {
    const found = JSON.stringify(value.format);
    throw new SnapshotError(`the format is ${found}; this version reads "${DOMAIN_IMAGE_FORMAT}"`);
  }
  const image = value as GuestImage;
  const { format: _format, hash, ...content } = image;
  const actual = hash64(JSON.stringify(content));
  if (actual !== hash) {
    throw new SnapshotError(`the content has hash ${actual}, not ${hash}: it was cut or changed`);
  }
  return image;
}

/** The op that makes the domain of an image. */
export const domainOf = (image: GuestImage, dom: number): OpOf<'create_domain'> => ({
  ...image.domain,
  op: 'create_domain',
  caller: DOMID_XEN,
  dom,
});

/** The kernel of an image goes on in `dom`, which was just made: as after a real suspend. */
export function continueGuest(
  xen: Hypervisor,
  guests: Guests,
  dom: Domid,
  image: GuestImage,
  precreate: number,
): void {
  const domain = xen.domains.get(dom)!;
  writePages(domain.memory, image.memory);
  const kernel = restoreKernel(xen, domain, image.kernel);
  guests.adopt(kernel);
  continueIn(xen, kernel, domain, precreate);
  kernel.lifecycle = 'running';
  const mode = SUSPEND_MODES.indexOf('real');
  // The domid that it had was another machine's, or is somebody else's here: it is not told.
  xen.effects.emit(EFFECT.resumed, dom, 0, dom, mode);
}
