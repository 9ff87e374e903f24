import { ARM_LEGACY_MAX_VCPUS, X86_LEGACY_MAX_VCPUS } from './limits.ts';

/**
 * Where `struct shared_info` and `struct vcpu_info` keep what event channels use, in bytes, as
 * guests of each kind see them (public/xen.h, arch-x86/xen-x86_{32,64}.h, arch-arm.h).
 */
export interface SharedInfoLayout {
  /** Bits of `xen_ulong_t`: ports per selector bit. The ABI has wordBits² ports. */
  readonly wordBits: 32 | 64;
  /** `vcpu_info[i]` lies at i * vcpuInfoSize, for i < legacyVcpus. */
  readonly vcpuInfoSize: number;
  readonly legacyVcpus: number;
  /** Offset of `evtchn_pending_sel` in a vcpu_info; `evtchn_upcall_pending` is its byte 0. */
  readonly selOffset: number;
  /** Whether byte 1 of a vcpu_info is `evtchn_upcall_mask` (XEN_HAVE_PV_UPCALL_MASK). */
  readonly hasUpcallMask: boolean;
  readonly pendingOffset: number;
  readonly maskOffset: number;
}

/** `struct vcpu_info`: byte offsets that all kinds of guests share. */
export const VCPU_INFO_UPCALL_PENDING = 0;
export const VCPU_INFO_UPCALL_MASK = 1;

const X86_64: SharedInfoLayout = {
  wordBits: 64,
  vcpuInfoSize: 64,
  legacyVcpus: X86_LEGACY_MAX_VCPUS,
  selOffset: 8,
  hasUpcallMask: true,
  pendingOffset: 0x800,
  maskOffset: 0xa00,
};

const X86_32: SharedInfoLayout = {
  ...X86_64,
  wordBits: 32,
  selOffset: 4,
  maskOffset: 0x880,
};

const ARM_64: SharedInfoLayout = {
  wordBits: 64,
  vcpuInfoSize: 48,
  legacyVcpus: ARM_LEGACY_MAX_VCPUS,
  selOffset: 8,
  hasUpcallMask: false,
  pendingOffset: 0x30,
  maskOffset: 0x230,
};

/** The kinds of guests: x86 PV and HVM (PVH included) with 64 or 32 bits, and arm64. */
export type GuestKind = 'pv64' | 'pv32' | 'hvm64' | 'hvm32' | 'arm64';

export const GUEST_KINDS: readonly GuestKind[] = ['pv64', 'pv32', 'hvm64', 'hvm32', 'arm64'];

export const SHARED_INFO_LAYOUT: Readonly<Record<GuestKind, SharedInfoLayout>> = {
  pv64: X86_64,
  hvm64: X86_64,
  pv32: X86_32,
  hvm32: X86_32,
  arm64: ARM_64,
};

export const isPv = (kind: GuestKind): boolean => kind === 'pv64' || kind === 'pv32';
