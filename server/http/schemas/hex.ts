/** Words as people and traces write them; 64 bits do not fit in a JSON number. */
export const hex = (value: number | bigint): string => `0x${value.toString(16)}`;
