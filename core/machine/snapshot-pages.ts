import { fromBase64, toBase64 } from '../lib/base64.ts';
import { WORDS_PER_PAGE } from '../public/limits.ts';
import type { GuestMemory } from '../xen/guest-memory.ts';
import { SnapshotError } from './snapshot-format.ts';
import type { PageImage } from './snapshot-format.ts';

/** The pages of a memory that are not all zeros. */
export function pageImages(memory: GuestMemory): PageImage[] {
  const images: PageImage[] = [];
  for (let gfn = -1; gfn < memory.usedFrames; gfn += 1) {
    const page = memory.page(gfn);
    if (page.some((byte) => byte !== 0)) images.push([gfn + 1, toBase64(page)]);
  }
  return images;
}

export function writePages(memory: GuestMemory, images: readonly PageImage[]): void {
  for (const [page, text] of images) {
    const bytes = fromBase64(text);
    if (bytes === undefined) throw new SnapshotError(`page ${page} is not base64`);
    memory.page(page - 1).set(bytes);
    memory.touch(page * WORDS_PER_PAGE);
  }
}
