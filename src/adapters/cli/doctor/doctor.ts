import type { CommandDependencies } from '../dependencies.ts';
import { EXIT_CONFIG, EXIT_FAULT, jsonLine, say } from '../run-command.ts';
import { ConfigError, type Settings } from '../settings.ts';
import { fail, line, ok, warn, type Check } from './check.ts';
import { serverClockCheck } from './clock-checks.ts';
import { databaseChecks } from './database-checks.ts';
import { providersCheck, readKeysCheck, secretChecks } from './secret-checks.ts';

export interface DoctorOptions {
  readonly rebuild?: boolean;
  readonly url?: string;
  readonly json?: boolean;
}

/** Prints each check as soon as it is done: the last ones may take minutes. */
export async function doctor(
  { settings, maintenance, clock, isLoopback }: CommandDependencies,
  { json = false, rebuild = false, url }: DoctorOptions,
): Promise<number> {
  const checks: Check[] = [];
  const report = (check: Check): void => {
    checks.push(check);
    if (!json) say([line(check)]);
  };

  const config = configuration(settings, report);
  if (config !== null) {
    report(providersCheck(config));
    for (const check of secretChecks(config, clock)) report(check);
    report(readKeysCheck(config, isLoopback));
    if (url !== undefined) report(await serverClockCheck(url, clock, config));
    const { check: using } = await maintenance();
    await using(async (store) => {
      for await (const check of databaseChecks(store, config, rebuild)) report(check);
    });
  }

  const healthy = checks.every(({ status }) => status !== 'fail');
  if (json) say([jsonLine({ ok: healthy, checks })]);
  return config === null ? EXIT_CONFIG : healthy ? 0 : EXIT_FAULT;
}

function configuration(read: CommandDependencies['settings'], report: (check: Check) => void): Settings | null {
  try {
    const config = read();
    report(ok('configuration', 'every variable is valid'));
    for (const remark of config.remarks) report(warn('configuration', remark));
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) report(fail('configuration', fault));
    return null;
  }
}
