import type { CommandDependencies } from '../dependencies.ts';
import type { Failure, Outcome } from '../outcome.ts';
import { EXIT_CONFIG, EXIT_FAULT, say } from '../run-command.ts';
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
): Promise<Outcome> {
  const checks: Check[] = [];
  const report = (check: Check): void => {
    checks.push(check);
    if (!json) say([line(check)]);
  };

  const config = configuration(settings, report);
  if (!(config instanceof ConfigError)) {
    report(providersCheck(config));
    for (const check of secretChecks(config, clock)) report(check);
    report(readKeysCheck(config, isLoopback));
    if (url !== undefined) report(await serverClockCheck(url, clock, config));
    const { check: using } = await maintenance();
    await using(async (store) => {
      for await (const check of databaseChecks(store, config, rebuild)) report(check);
    });
  }

  return {
    result: { checks },
    words: [],
    failure: config instanceof ConfigError ? invalid(config) : unhealthy(checks),
  };
}

function invalid({ summary, faults }: ConfigError): Failure {
  return { status: EXIT_CONFIG, message: summary, faults };
}

function unhealthy(checks: readonly Check[]): Failure | undefined {
  const names = checks.filter(({ status }) => status === 'fail').map(({ name }) => name);
  return names.length === 0 ? undefined : { status: EXIT_FAULT, message: `a check fails: ${names.join(', ')}` };
}

function configuration(read: CommandDependencies['settings'], report: (check: Check) => void): Settings | ConfigError {
  try {
    const config = read();
    report(ok('configuration', 'every variable is valid'));
    for (const remark of config.remarks) report(warn('configuration', remark));
    return config;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    for (const fault of error.faults) report(fail('configuration', fault));
    return error;
  }
}
