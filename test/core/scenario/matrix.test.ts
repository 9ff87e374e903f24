import { describe, expect, it } from 'vitest';
import { KNOB_NAMES, VARIANT_NAMES } from '../../../core/index.ts';
import type { Knobs, Outcome, VariantName } from '../../../core/index.ts';
import { library, play, scenario } from './support.ts';

const panic = (text: string): Outcome => ({ kind: 'panic', text });
const expectation = (what: string, found: string): Outcome => ({
  kind: 'expectation',
  what,
  found,
});
const kassert = (text: string): Outcome => ({ kind: 'kassert', text });

const CLOSE_FAILED = panic('EVTCHNOP_close failed');
const REGISTER_FAILED = panic('failed registering interrupt 0, error=17');
const MASK_FAULT: Outcome = { kind: 'page_fault', array: 'evtchn_mask', index: 0xffff_ffff };
const OUT_OF_TABLE: Outcome = { kind: 'oob_write', array: 'xen_intr_port_to_isrc', index: 8 };
const STRAY: Outcome = { kind: 'stray_event', port: 1, vcpu: 1 };
const WRONG_CPU = kassert('Received unexpected event on vCPU#3, event bound to vCPU#2');
const ERASED = expectation('mapped(port P) = hB', 'none');
const HB_CLOSED = expectation('state(port P) = unbound', 'free');
const UNHEARD = expectation('interrupts(hB) = 2', '1');
const H1_UNHEARD = expectation('interrupts(h1) = 1', '0');
const PORT_0 = expectation('h1 = bind_local_port(port 0, ithread) answers EINVAL', 'ok');
const WRONG_PEER = expectation('pending(port Q3) = false', 'true');
const STORE_HANG: Outcome = { kind: 'hang', lock: 'xenstore: port 2 is not its port' };
const VIRQ_PANIC = panic('unable to rebind xen VIRQ#0: -17');
const IPI_LEAK: Outcome = { kind: 'invariant', invariant: 'ports_agree', port: 1 };
const corruption = (what: string): Outcome => ({ kind: 'corruption', what });
const FOREIGN_HANDLER = corruption("a handler of Xen's on the foreign source of vector 0");
const FOREIGN_SOURCE = corruption(
  "the foreign source of vector 0 taken for an unused one of Xen's",
);
const WRONG_POINTER = corruption(
  'unbind took the source for a handle: its PIC pointer was zeroed as a reference',
);

/** Scenario → what comes of it in old-2021, landed-2023, fixed-2024 and review-ideal. */
const MATRIX: Readonly<Record<string, readonly [Outcome, Outcome, Outcome, Outcome]>> = {
  S1: [kassert('IRQ 8 too large'), 'ok', 'ok', 'ok'],
  S2: [expectation('port(h) = none', '0'), 'ok', 'ok', 'ok'],
  S3: [expectation('pending(port 0) = true', 'false'), 'ok', 'ok', 'ok'],
  S4: [CLOSE_FAILED, CLOSE_FAILED, CLOSE_FAILED, 'ok'],
  S4b: [UNHEARD, UNHEARD, UNHEARD, 'ok'],
  S5: [STRAY, STRAY, STRAY, 'ok'],
  S5b: [WRONG_CPU, WRONG_CPU, WRONG_CPU, 'ok'],
  S6: [ERASED, ERASED, ERASED, 'ok'],
  S7: [PORT_0, PORT_0, PORT_0, 'ok'],
  S8: [FOREIGN_HANDLER, REGISTER_FAILED, REGISTER_FAILED, REGISTER_FAILED],
  S9: [FOREIGN_SOURCE, REGISTER_FAILED, REGISTER_FAILED, REGISTER_FAILED],
  S10: [CLOSE_FAILED, 'ok', 'ok', 'ok'],
  S10b: [HB_CLOSED, 'ok', 'ok', 'ok'],
  S11: [WRONG_POINTER, WRONG_POINTER, 'ok', 'ok'],
  S12: [HB_CLOSED, HB_CLOSED, 'ok', 'ok'],
  S13: ['ok', MASK_FAULT, 'ok', 'ok'],
  S14: ['ok', 'ok', 'ok', 'ok'],
  S15: [H1_UNHEARD, H1_UNHEARD, H1_UNHEARD, 'ok'],
  S16: [OUT_OF_TABLE, OUT_OF_TABLE, OUT_OF_TABLE, 'ok'],
  S19: [ERASED, ERASED, ERASED, 'ok'],
  S20: [WRONG_PEER, WRONG_PEER, WRONG_PEER, 'ok'],
  S21: ['ok', 'ok', 'ok', 'ok'],
  S22: [VIRQ_PANIC, VIRQ_PANIC, VIRQ_PANIC, VIRQ_PANIC],
  S22b: [IPI_LEAK, IPI_LEAK, IPI_LEAK, IPI_LEAK],
  S23: [STORE_HANG, MASK_FAULT, STORE_HANG, STORE_HANG],
  S23b: ['ok', MASK_FAULT, 'ok', 'ok'],
};

describe('the scenarios in each variant', () => {
  it('are those of the matrix', () => {
    expect(library.map(({ name }) => name)).toEqual(Object.keys(MATRIX));
  });

  for (const [name, outcomes] of Object.entries(MATRIX)) {
    for (const [index, variant] of VARIANT_NAMES.entries()) {
      it(`${name} in ${variant}`, () => {
        const { outcome, asExpected } = play(scenario(name), variant);

        expect(outcome).toEqual(outcomes[index]);
        expect(asExpected, 'the file says the same').toBe(true);
      });
    }
  }
});

/** Each knob that can be wrong, turned so in review-ideal, and the scenario that shows it. */
const NECESSARY: readonly (readonly [Partial<Knobs>, string, Outcome])[] = [
  [{ sentinel: 'zero' }, 'S2', expectation('port(h) = none', '0')],
  [{ allocGuard: 'gt' }, 'S1', kassert('IRQ 8 too large')],
  [{ releaseGuard: 'none' }, 'S3', MASK_FAULT],
  [{ guardUnderLock: false }, 'S6', MASK_FAULT],
  [{ bindRepair: false }, 'S5', STRAY],
  [{ closeResetOnBind: false }, 'S10', CLOSE_FAILED],
  [{ publishHandleLate: false }, 'S12', HB_CLOSED],
  [{ unbindIndirection: 'wrong' }, 'S11', WRONG_POINTER],
  [{ disableHookGuard: false }, 'S13', MASK_FAULT],
  [{ registerCheck: false }, 'S8', FOREIGN_HANDLER],
  [{ resume: 'in-place-no-chain' }, 'S14', expectation('interrupts(b) = 1', '0')],
  [{ lookUpUnderLock: false }, 'S19', ERASED],
  [{ localPortCheck: false }, 'S16', OUT_OF_TABLE],
  [{ signalGuard: false }, 'S20', expectation('hypercalls of signal(hA) = none', 'send')],
  [{ maskedState: false }, 'S21', expectation('masked(port P) = true', 'false')],
  [{ recycle: 'lowest-unchecked' }, 'S9', FOREIGN_SOURCE],
  // The guard of the review matters where bind does not repair: both halves together are S4.
  [{ releaseGuard: 'range', bindRepair: false }, 'S4', CLOSE_FAILED],
  // KASSERTs only name what goes wrong anyway.
  [
    { allocGuard: 'gt', invariants: false },
    'S1',
    { kind: 'oob_write', array: 'interrupt_sources', index: 8 },
  ],
];

/** The ABI is a choice of the kernel, and not a defect. */
const RIGHT_EITHER_WAY: readonly string[] = ['abi'];

describe('every knob of review-ideal is necessary', () => {
  it('and none is forgotten here', () => {
    const turned = new Set(NECESSARY.flatMap(([set]) => Object.keys(set)));

    const wrongOneWay = KNOB_NAMES.filter((name: string) => !RIGHT_EITHER_WAY.includes(name));
    expect([...turned].sort()).toEqual([...wrongOneWay].sort());
  });

  for (const [set, name, outcome] of NECESSARY) {
    it(`${JSON.stringify(set)} fails in ${name}, as the file says`, () => {
      const turned = set as Record<string, string | boolean>;
      const result = play(scenario(name), 'review-ideal', turned);

      expect(result.outcome).toEqual(outcome);
      expect(result.asExpected).toBe(true);
    });
  }
});

describe('what a file says of turned knobs', () => {
  for (const known of library) {
    for (const { variant, set, outcome } of known.turned) {
      it(`${known.name} in ${variant} with ${JSON.stringify(set)}`, () => {
        expect(play(known, variant, set).outcome).toEqual(outcome);
      });
    }
  }
});

describe('a scenario', () => {
  it('plays alike every time: the same story, and the same machine', () => {
    for (const known of library) {
      for (const variant of VARIANT_NAMES as readonly VariantName[]) {
        expect(play(known, variant)).toEqual(play(known, variant));
      }
    }
  });
});
