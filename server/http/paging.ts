/** One page of a list, and the cursor to ask for the next; none on the last page. */
export interface Page<Item, Cursor> {
  readonly items: readonly Item[];
  readonly nextAfter: Cursor | undefined;
}

/**
 * The first `limit` items of `items`, which start behind the cursor that was asked for. Cursors are
 * keys, not offsets: a list that changes between two requests neither repeats nor skips the rest.
 */
export function firstPage<Item, Cursor>(
  items: readonly Item[],
  limit: number,
  cursorOf: (item: Item) => Cursor,
): Page<Item, Cursor> {
  if (items.length <= limit) return { items, nextAfter: undefined };
  const shown = items.slice(0, limit);
  return { items: shown, nextAfter: cursorOf(shown[limit - 1]!) };
}

/** `next_after` of an answer, absent on the last page. */
export const nextAfterJson = <Cursor>(nextAfter: Cursor | undefined): { next_after?: Cursor } =>
  nextAfter === undefined ? {} : { next_after: nextAfter };
