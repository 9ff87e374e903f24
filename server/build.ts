import { readFileSync } from 'node:fs';

const PACKAGE = new URL('../package.json', import.meta.url);

/** What this is, as --version and /version tell it. */
export const BUILD = {
  version: (JSON.parse(readFileSync(PACKAGE, 'utf8')) as { version: string }).version,
};
