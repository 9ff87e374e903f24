import { pino } from 'pino';
import type { Logger } from 'pino';

import type { LogLevel } from './config.ts';

export type { Logger };

/** JSON lines on stdout. Nothing is logged for a call that succeeds. */
export const createLog = (level: LogLevel): Logger => pino({ level, base: null });
