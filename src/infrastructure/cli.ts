#!/usr/bin/env node
import module from 'node:module';
import { endOnSignals } from '../adapters/cli/stop-signals.ts';
import { requireSupportedNode } from './node-version.ts';

// Before anything loads the SQLite addon, which crashes an older Node without a message.
requireSupportedNode();
module.enableCompileCache();
endOnSignals();
const { runCommandLine } = await import('../adapters/cli/program.ts');
const { composeCommands } = await import('./compose-commands.ts');
await runCommandLine(process.argv, composeCommands());
