import { describeVariables } from './config.ts';

/** Every setting with its default and what it is for, as `--help` shows them. */
export function variablesHelp(): string {
  const variables = describeVariables().map(
    ({ name, fallback, help }) => `  ${name}${fallback === '' ? '' : ` (default ${fallback})`}\n      ${help}`,
  );
  return `Configured by environment variables, and by .env in the working directory:\n\n${variables.join('\n')}`;
}
