import { isSecret } from '../../auth/secret-compare.ts';
import { Problem } from '../../problem.ts';
import type { Operations } from '../exchange.ts';

/** Meta asks whether this address is the operator's. A right verify token is answered with the challenge. */
export function verifyWhatsAppSubscription(verifyToken: string | undefined): Operations['verifyWhatsAppSubscription'] {
  return ({ query }) => {
    if (verifyToken === undefined) {
      throw new Problem('unavailable', {
        detail: 'no WhatsApp verify token is configured',
        headers: { 'Retry-After': '60' },
      });
    }
    const { 'hub.mode': mode, 'hub.verify_token': token = '', 'hub.challenge': challenge } = query;
    if (mode !== 'subscribe' || challenge === undefined || !isSecret(token, verifyToken)) {
      throw new Problem('forbidden');
    }
    return Promise.resolve({ status: 200, type: 'text/plain', body: challenge });
  };
}
