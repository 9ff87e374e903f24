import {
  SHARED_INFO_GFN,
  WORDS_PER_PAGE,
  type DomainView,
  type Machine,
} from '../../core/index.ts';

/** What Xen or the guest keeps in a page. */
export type PageUse =
  | { readonly use: 'shared_info' }
  | { readonly use: 'vcpu_info'; readonly vcpu: number; readonly offset: number }
  | { readonly use: 'control_block'; readonly vcpu: number; readonly offset: number }
  | { readonly use: 'event_array'; readonly firstPort: number };

/** The pages of a domain that are shared with Xen, by frame number; one page may have many uses. */
export function pageUses(machine: Machine, domain: DomainView): Map<number, PageUse[]> {
  const uses = new Map<number, PageUse[]>([[SHARED_INFO_GFN, [{ use: 'shared_info' }]]]);
  const add = (gfn: number, use: PageUse) => {
    const known = uses.get(gfn);
    if (known === undefined) uses.set(gfn, [use]);
    else known.push(use);
  };

  domain.arrayGfns.forEach((gfn, index) =>
    add(gfn, { use: 'event_array', firstPort: index * WORDS_PER_PAGE }),
  );
  for (let vcpu = 0; vcpu < domain.vcpus; vcpu += 1) {
    const { info, controlBlock } = machine.vcpu(domain.dom, vcpu)!;
    if (info && info.gfn !== SHARED_INFO_GFN)
      add(info.gfn, { use: 'vcpu_info', vcpu, offset: info.offset });
    if (controlBlock)
      add(controlBlock.gfn, { use: 'control_block', vcpu, offset: controlBlock.offset });
  }
  return new Map([...uses].sort(([one], [other]) => one - other));
}
