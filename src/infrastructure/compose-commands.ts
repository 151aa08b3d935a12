import type { CommandDependencies } from '../adapters/cli/dependencies.ts';
import type { Settings } from '../adapters/cli/settings.ts';
import { systemClock } from '../adapters/time/clock.ts';
import { isDumbTerminal, loadConfig } from './config/config.ts';
import { variablesHelp } from './config/variables-help.ts';
import { isLoopback } from './listener.ts';
import { packageInfo } from './package-info.ts';
import { stopRequests } from './process/stop-requests.ts';

/** The composition root of the command line. Loads what a command needs when the command asks for it: help must be fast. */
export function composeCommands(): CommandDependencies {
  return {
    packageInfo,
    clock: systemClock,
    isLoopback,
    drawsBars: process.stderr.isTTY && !isDumbTerminal(),
    variablesHelp,
    settings,
    async maintenance() {
      const { config } = loadConfig();
      return (await import('./compose-maintenance.ts')).composeMaintenance(config);
    },
    async copy(urls) {
      return (await import('./compose-maintenance.ts')).composeCopy(urls);
    },
    async newMigration(name) {
      const { newMigration } = await import('../adapters/persistence/schema/new-migration.ts');
      return newMigration(name, systemClock.now());
    },
    async serve() {
      await (await import('./serve.ts')).serve(stopRequests());
    },
  };
}

function settings(): Settings {
  const { config, remarks } = loadConfig();
  return { ...config, remarks };
}
