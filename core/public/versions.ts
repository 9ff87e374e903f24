/** The releases of Xen that a machine can be. Each is verified against its own recordings. */
export const XEN_VERSIONS = ['4.17', '4.20', '4.22'] as const;

export type XenVersion = (typeof XEN_VERSIONS)[number];

export const XEN_VERSION_DEFAULT: XenVersion = '4.22';

/** What event channels do differently from one release to another: docs/xen-versions.md. */
export interface Behaviour {
  /**
   * VCPUOP_register_vcpu_info. 'offset' (to 4.17): checks the offset first, refuses a vCPU that
   * runs and is not the caller. 'area' (from 4.18): checks the address first, then EBUSY.
   */
  readonly registerVcpuInfo: 'offset' | 'area';
  /** EVTCHNOP_status of a port that Xen consumes: EACCES to 4.18; by the policy from 4.19. */
  readonly statusOfXenPorts: 'EACCES' | 'policy';
  /** VCPUOP_initialise without a vcpu_info: to 4.17 EINVAL for all, from 4.18 on for PV only. */
  readonly initialiseBareHvm: boolean;
  /** What set_target looks at first: that the domain has none yet (to 4.21), or that it is HVM. */
  readonly setTargetChecks: 'target' | 'hvm';
  /** Whether a dying domain may become a VIRQ's handler: not from 4.20 on. */
  readonly dyingVirqHandler: boolean;
  /** From 4.21 on, only a global VIRQ's handler binds it, and it moves only while unbound. */
  readonly exclusiveGlobalVirqs: boolean;
  /** VIRQ_ARGO is per domain from 4.21 on, global before. */
  readonly argoPerDomain: boolean;
  /** EVTCHNOP_bind_pirq without PIRQs (arm64): EOPNOTSUPP from 4.19 on, EINVAL before. */
  readonly bindPirqWithoutPirqs: 'EINVAL' | 'EOPNOTSUPP';
}

export const BEHAVIOUR: Readonly<Record<XenVersion, Behaviour>> = {
  '4.17': {
    registerVcpuInfo: 'offset',
    statusOfXenPorts: 'EACCES',
    initialiseBareHvm: false,
    setTargetChecks: 'target',
    dyingVirqHandler: true,
    exclusiveGlobalVirqs: false,
    argoPerDomain: false,
    bindPirqWithoutPirqs: 'EINVAL',
  },
  '4.20': {
    registerVcpuInfo: 'area',
    statusOfXenPorts: 'policy',
    initialiseBareHvm: true,
    setTargetChecks: 'target',
    dyingVirqHandler: false,
    exclusiveGlobalVirqs: false,
    argoPerDomain: false,
    bindPirqWithoutPirqs: 'EOPNOTSUPP',
  },
  '4.22': {
    registerVcpuInfo: 'area',
    statusOfXenPorts: 'policy',
    initialiseBareHvm: true,
    setTargetChecks: 'hvm',
    dyingVirqHandler: false,
    exclusiveGlobalVirqs: true,
    argoPerDomain: true,
    bindPirqWithoutPirqs: 'EOPNOTSUPP',
  },
};
