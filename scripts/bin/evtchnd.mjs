#!/usr/bin/env node
import { run } from '../run.mjs';

run('server/main.ts', process.argv.slice(2));
