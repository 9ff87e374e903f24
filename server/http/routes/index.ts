import type { HttpContext, HttpServer } from '../context.ts';
import { addDebugKeyRoutes } from './debug-keys.ts';
import { addDomainRoutes } from './domains.ts';
import { addEffectRoutes } from './effects.ts';
import { addHealthRoutes } from './health.ts';
import { addHomeRoutes } from './home.ts';
import { addJournalRoutes } from './journal.ts';
import { addMachineRoutes } from './machines.ts';
import { addPageRoutes } from './pages.ts';
import { addPortRoutes } from './ports.ts';
import { addSharedInfoRoutes } from './shared-info.ts';
import { addVcpuRoutes } from './vcpus.ts';

/** Every route of the inspection API; they share nothing but the context. */
export function addRoutes(app: HttpServer, context: HttpContext): void {
  addHomeRoutes(app, context);
  addHealthRoutes(app, context);
  addMachineRoutes(app, context);
  addDomainRoutes(app, context);
  addPortRoutes(app, context);
  addVcpuRoutes(app, context);
  addPageRoutes(app, context);
  addSharedInfoRoutes(app, context);
  addDebugKeyRoutes(app, context);
  addJournalRoutes(app, context);
  addEffectRoutes(app, context);
}
