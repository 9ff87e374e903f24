import {
  SHARED_INFO_LAYOUT,
  VCPU_INFO_UPCALL_MASK,
  VCPU_INFO_UPCALL_PENDING,
  type GuestKind,
} from '../../core/index.ts';
import { bitRuns, type Run } from './runs.ts';

/** What event channels keep in a `struct shared_info`, read from its bytes. */
export interface DecodedSharedInfo {
  readonly wordBits: number;
  readonly pending: Run[];
  readonly masked: Run[];
  readonly vcpuInfo: DecodedVcpuInfo[];
}

export interface DecodedVcpuInfo {
  readonly vcpu: number;
  readonly upcallPending: number;
  /** Absent for guests whose vcpu_info has no such field (arm64). */
  readonly upcallMask?: number;
  readonly pendingSel: bigint;
}

/** Decodes the page as a guest of this kind sees it; `vcpus` of its vCPUs exist. */
export function decodeSharedInfo(
  page: Uint8Array,
  guest: GuestKind,
  vcpus: number,
): DecodedSharedInfo {
  const layout = SHARED_INFO_LAYOUT[guest];
  const {
    wordBits,
    vcpuInfoSize,
    legacyVcpus,
    selOffset,
    hasUpcallMask,
    pendingOffset,
    maskOffset,
  } = layout;
  const bitmapBytes = (wordBits * wordBits) / 8;
  const view = new DataView(page.buffer, page.byteOffset, page.byteLength);

  const decodeVcpuInfo = (vcpu: number): DecodedVcpuInfo => {
    const start = vcpu * vcpuInfoSize;
    const sel = start + selOffset;
    return {
      vcpu,
      upcallPending: view.getUint8(start + VCPU_INFO_UPCALL_PENDING),
      ...(hasUpcallMask ? { upcallMask: view.getUint8(start + VCPU_INFO_UPCALL_MASK) } : {}),
      pendingSel:
        wordBits === 64 ? view.getBigUint64(sel, true) : BigInt(view.getUint32(sel, true)),
    };
  };
  return {
    wordBits,
    pending: bitRuns(page.subarray(pendingOffset, pendingOffset + bitmapBytes)),
    masked: bitRuns(page.subarray(maskOffset, maskOffset + bitmapBytes)),
    vcpuInfo: Array.from({ length: Math.min(vcpus, legacyVcpus) }, (_, vcpu) =>
      decodeVcpuInfo(vcpu),
    ),
  };
}
