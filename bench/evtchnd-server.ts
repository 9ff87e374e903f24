// The service as `npm start` runs it, on ports that are free. See child.ts.

import { startApp } from '../server/app.ts';
import { completeConfig } from '../server/config.ts';
import { serve } from './child.ts';

const { grpcAddress } = await startApp(
  completeConfig({
    grpcAddress: '127.0.0.1:0',
    httpAddress: '127.0.0.1:0',
    socket: undefined,
    logLevel: 'warn',
  }),
);
serve(grpcAddress);
