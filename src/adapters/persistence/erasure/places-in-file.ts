import { createReadStream } from 'node:fs';
import type { Msisdn } from '../../../domain/message.ts';
import { LONGEST_PREFIX, numberPattern } from './names-number.ts';

/**
 * In how many places of a file the number occurs by the rule that erasing follows, whether the place is in use or not. A place that
 * is beside another digit belongs to another number.
 */
export async function placesInFile(file: string, number: Msisdn): Promise<number> {
  const pattern = numberPattern(number);
  // Enough to see a whole place again, with the character before it.
  const overlap = LONGEST_PREFIX + number.length;
  let places = 0;
  let rest = '';
  const count = (text: string, isEnd: boolean): void => {
    for (const { index, 0: found } of text.matchAll(pattern)) {
      const end = index + found.length;
      // A place that ends with the text waits for the next character. One that ends within the rest was counted before.
      if (end >= rest.length && (isEnd || end < text.length)) places++;
    }
  };
  for await (const chunk of createReadStream(file, { highWaterMark: 1_048_576 }) as AsyncIterable<Buffer>) {
    const text = rest + chunk.toString('latin1');
    count(text, false);
    rest = text.slice(-overlap);
  }
  count(rest, true);
  return places;
}
