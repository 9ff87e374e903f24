import type {
  FastifyBaseLogger,
  FastifyInstance,
  RawReplyDefaultExpression,
  RawRequestDefaultExpression,
  RawServerDefault,
} from 'fastify';
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import type { Metrics } from '../metrics.ts';
import type { EffectStreams } from './effects/effect-streams.ts';
import type { LargeAnswers } from './large-answers.ts';
import type { ServedMachines } from './served.ts';

/** The fastify instance that routes are added to: schemas give the handlers their types. */
export type HttpServer = FastifyInstance<
  RawServerDefault,
  RawRequestDefaultExpression,
  RawReplyDefaultExpression,
  FastifyBaseLogger,
  TypeBoxTypeProvider
>;

export interface Build {
  readonly version: string;
  readonly commit?: string;
}

/** Whether new work is welcome; a draining server still answers what is asked. */
export type Readiness = 'starting' | 'ready' | 'draining';

/** What routes work with. */
export interface HttpContext {
  readonly machines: ServedMachines;
  readonly metrics: Metrics;
  readonly build: Build;
  readonly readiness: () => Readiness;
  readonly streams: EffectStreams;
  readonly largeAnswers: LargeAnswers;
}
