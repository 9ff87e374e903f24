#!/usr/bin/env node
import { run } from '../run.mjs';

run('clients/evtchnctl/main.ts', process.argv.slice(2));
