import { describeVariables } from './config.ts';

/** Every setting with its default and its purpose, for `--help`. */
export function variablesHelp(): string {
  const variables = describeVariables().map(
    ({ name, fallback, help }) => `  ${name}${fallback === '' ? '' : ` (default ${fallback})`}\n      ${help}`,
  );
  return `Configured by environment variables, and by .env in the working directory:\n\n${variables.join('\n')}`;
}
