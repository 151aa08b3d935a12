#!/usr/bin/env node
import module from 'node:module';
import { requireSupportedNode } from './node-version.ts';

// Before anything loads the SQLite addon, which crashes an older Node instead of saying so.
requireSupportedNode();
module.enableCompileCache();
const { runCommandLine } = await import('../adapters/cli/program.ts');
const { composeCommands } = await import('./compose-commands.ts');
await runCommandLine(process.argv, composeCommands());
