import { randomBytes } from 'node:crypto';
import type { Clock } from '../../../application/ports/time.ts';
import { descriptorOf, type ProviderName } from '../../providers/registry.ts';

const NUMBERS = { from: '+919876543210', to: '+14155550100' };

/** Makes sample messages in a provider's form. Their ids are like no others, also in the next run. */
export function sampler(provider: ProviderName, clock: Clock): (i: number) => Buffer {
  const run = randomBytes(6).toString('hex');
  const descriptor = descriptorOf(provider);
  return (i) => {
    const number = String(i + 1);
    const sentAt = clock.now();
    return Buffer.from(
      descriptor.sample({ ...NUMBERS, id: `sample-${run}-${number}`, text: `Sample message ${number}`, sentAt }),
    );
  };
}
