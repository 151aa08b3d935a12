/** The result of one check. Unless it is `ok`, the text says how to fix it. */
export interface Check {
  readonly status: 'ok' | 'warn' | 'fail';
  readonly name: string;
  readonly text: string;
}

export const ok = (name: string, text: string): Check => ({ status: 'ok', name, text });
export const warn = (name: string, text: string): Check => ({ status: 'warn', name, text });
export const fail = (name: string, text: string): Check => ({ status: 'fail', name, text });

export function line({ status, name, text }: Check): string {
  return `${status.padEnd(4)}  ${name}: ${text}`;
}
