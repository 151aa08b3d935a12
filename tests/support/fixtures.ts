import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../fixtures/whatsapp/', import.meta.url);

/** The names of the recorded shapes of Meta's notifications. */
export const whatsAppFixtures: readonly string[] = readdirSync(FOLDER).map((file) => file.replace('.json', ''));

/** The bytes as Meta sends them: without white space, with everything beyond ASCII and all slashes escaped. */
export function whatsAppFixture(name: string): string {
  return readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
}
