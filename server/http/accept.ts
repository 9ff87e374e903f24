import type { FastifyRequest } from 'fastify';
import { Problem } from './problem.ts';

/**
 * Which of `offered` the Accept header of a request prefers (RFC 9110, 12.5.1); the first offered
 * wins a tie, and a request without the header.
 */
export function preferred<Type extends string>(
  request: FastifyRequest,
  offered: readonly [Type, ...Type[]],
): Type {
  const header = request.headers.accept;
  if (header === undefined) return offered[0];

  const ranges = header.split(',').map(parseRange);
  let best: Type | undefined;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(type, ranges);
    if (quality > bestQuality) [best, bestQuality] = [type, quality];
  }
  if (best === undefined)
    throw new Problem('not_acceptable', `this path gives ${offered.join(', ')}`);
  return best;
}

interface MediaRange {
  readonly range: string;
  readonly quality: number;
}

function parseRange(text: string): MediaRange {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase());
  const weight = parameters.find((parameter) => parameter.startsWith('q='));
  const quality = weight === undefined ? 1 : Number.parseFloat(weight.slice(2));
  return { range, quality: Number.isNaN(quality) ? 0 : quality };
}

/** The most specific range that covers a type decides, not the one with the highest weight. */
function qualityOf(type: string, ranges: readonly MediaRange[]): number {
  const [group] = type.split('/', 1);
  for (const wanted of [type, `${group}/*`, '*/*']) {
    const match = ranges.find(({ range }) => range === wanted);
    if (match !== undefined) return match.quality;
  }
  return 0;
}
