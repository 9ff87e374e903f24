// `npm test`, and `npm test -- core/xen -t 'bindVirq'` for some of it.

import { close, runTests } from './vitest.ts';

close(await runTests(process.argv.slice(2)));
