/** The same text for objects with the same members, in whatever order they are written. */
export const canonical = (value: object): string =>
  JSON.stringify(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
