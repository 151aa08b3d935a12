import { readFileSync } from 'node:fs';
import { expect } from '@jest/globals';
import { startService } from './service.ts';
import { withUnreliable } from './unreliable.ts';

/** The programs of docs/clients.md, one for each language, and their tasks. */

const PAGE = readFileSync(new URL('../../docs/clients.md', import.meta.url), 'utf8');
/** The placeholders of the programs, which the reader replaces. */
export const ADDRESS = 'http://localhost:8000';
const [SECRET, KEY] = ['your-secret-here', 'your-read-key-here'];
const OTHERS = 230;

/** All fenced blocks of a language: the functions, and the code that uses them. */
export function blocksOf(language: string): readonly string[] {
  const blocks = Array.from(
    PAGE.matchAll(new RegExp(`^\`\`\`${language}\\n([^]*?)^\`\`\`$`, 'gm')),
    ([, code = '']) => code,
  );
  if (blocks.length === 0) throw new Error(`docs/clients.md has no program in ${language}`);
  return blocks;
}

/**
 * Runs a program with a service that has three pages of messages, over a connection that answers the first request with
 * 503, cuts another one, the answer to the third, and one later on. `run` receives the program for that address and
 * the address, and returns its output.
 */
export async function expectProgramToWork(
  language: string,
  run: (program: string, url: string) => Promise<string>,
): Promise<void> {
  const service = await startService({ WEBHOOK_SECRET: SECRET, READ_API_KEYS: KEY, LOG_LEVEL: 'ERROR' });
  try {
    for (let i = 0; i < OTHERS; i++) {
      const message = { message_id: `other ${String(i)}`, from: '+911', to: '+912', ts: '2025-01-15T09:00:00Z' };
      await service.webhook({ ...message, text: `order "next_cursor":"${String(i)}` });
    }
    const output = await withUnreliable(
      service.url,
      ['503', 'cut 503', 'cut', 'forward', 'forward', 'forward', 'cut', 'forward'],
      (url) => run(blocksOf(language).join('\n').replaceAll(ADDRESS, url), url),
    );
    const [result, count, error] = output.trim().split('\n');
    expect([result, count]).toEqual(['duplicate', `${String(OTHERS + 1)} messages`]);
    expect(error).toMatch(/\/problems\/validation-error.*must be <= 100/);
    const stored = await service.fetch('/messages/order-1042-shipped', { headers: { authorization: `Bearer ${KEY}` } });
    expect(stored.json()).toMatchObject({ text: 'Your order is on its way 🚚', ts: '2025-01-15T10:00:00Z' });
  } finally {
    await service.stop();
  }
}
