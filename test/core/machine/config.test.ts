import { describe, expect, it } from 'vitest';
import { ConfigError, LIMIT_RANGES, Machine } from '../../../core/index.ts';
import type { MachineLimits, MachineOptions } from '../../../core/index.ts';

describe('a configuration', () => {
  it('is completed with defaults', () => {
    expect(Machine.create().config).toMatchObject({
      xen: '4.22',
      seed: 1,
      checkInvariants: false,
      resetSlicePorts: 0,
      limits: { domains: 1024, effects: 65_536 },
    });
  });

  it.each<{ options: object; says: string }>([
    { options: { xen: '4.18' }, says: 'xen is "4.18", not one of 4.17, 4.20, 4.22' },
    { options: { seed: -1 }, says: 'seed is -1, not a whole number from 0 to 4294967295' },
    { options: { seed: 2 ** 32 }, says: 'seed is 4294967296' },
    { options: { seed: 0.5 }, says: 'seed is 0.5' },
    { options: { seed: Number.NaN }, says: 'seed is NaN' },
    { options: { resetSlicePorts: 63 }, says: 'resetSlicePorts is 63, not a multiple of 64' },
    { options: { resetSlicePorts: 131_136 }, says: 'not a whole number from 0 to 131072' },
  ])('that no machine can have is refused: $options', ({ options, says }) => {
    expect(() => Machine.create(options as MachineOptions)).toThrow(ConfigError);
    expect(() => Machine.create(options as MachineOptions)).toThrow(says);
  });

  it.each(Object.entries(LIMIT_RANGES))('limits %s to %j', (name, [low, high]) => {
    const withLimit = (value: number) =>
      Machine.create({ limits: { [name]: value } }).config.limits[name as keyof MachineLimits];

    expect(withLimit(low)).toBe(low);
    expect(withLimit(high)).toBe(high);
    for (const value of [low - 1, high + 1]) {
      expect(() => withLimit(value)).toThrow(
        `limits.${name} is ${value}, not a whole number from ${low} to ${high}`,
      );
    }
  });
});
