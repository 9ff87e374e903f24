import { Errno } from '../../proto/gen/evtchnd/v1/types.ts';

/** The name of an errno in Xen's public/errno.h. */
export type ErrnoName = Exclude<keyof typeof Errno, 'UNSPECIFIED'>;

const { UNSPECIFIED: _, ...numbers } = Errno;

/** The errnos that hypercalls answer, by name; numbers as in Xen's public/errno.h (and Linux). */
export const ERRNO: Readonly<Record<ErrnoName, number>> = numbers;

const names = new Map<number, ErrnoName>();
for (const [name, number] of Object.entries(ERRNO)) names.set(number, name as ErrnoName);

/** The name of a positive errno; undefined for a number that Xen does not have. */
export const errnoName = (number: number): ErrnoName | undefined => names.get(number);
