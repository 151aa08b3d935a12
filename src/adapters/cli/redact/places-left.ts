import { createReadStream, existsSync } from 'node:fs';
import type { Msisdn } from '../../../domain/message.ts';

/**
 * In how many places of an SQLite file and its log the number stands, used or not. A byte that looks like one more digit may
 * be part of what is stored behind it: such a place counts.
 */
export async function placesLeft(file: string, number: Msisdn): Promise<number> {
  const digits = number.slice(1);
  let places = 0;
  for (const name of [file, `${file}-wal`]) {
    if (!existsSync(name)) continue;
    let rest = '';
    for await (const chunk of createReadStream(name, { highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>) {
      const text = rest + chunk.toString('latin1');
      // The first character of the rest is there for what stands before a number, which was counted if it began there.
      for (let at = text.indexOf(digits, rest === '' ? 0 : 1); at !== -1; at = text.indexOf(digits, at + 1)) {
        if (!/[0-9]/.test(text.charAt(at - 1))) places++;
      }
      rest = text.slice(-digits.length);
    }
  }
  return places;
}
