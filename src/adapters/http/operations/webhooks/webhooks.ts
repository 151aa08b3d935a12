import type { IngestMessage } from '../../../../application/ingest/ingest-message.ts';
import type { OpenapiDocument } from '../../contract/document.ts';
import type { Operations } from '../exchange.ts';
import { requireSameProviders } from './contract-check.ts';
import { ingestOperations, type IngestOperation } from './ingest.ts';
import { verifyWhatsAppSubscription } from './whatsapp-subscription.ts';

/** The operations that providers call. Throws when the registry and the contract do not name the same providers. */
export function webhookOperations(
  ingest: IngestMessage,
  document: OpenapiDocument,
  whatsAppVerifyToken: string | undefined,
): Pick<Operations, IngestOperation | 'verifyWhatsAppSubscription'> {
  requireSameProviders(document.parse());
  return { ...ingestOperations(ingest), verifyWhatsAppSubscription: verifyWhatsAppSubscription(whatsAppVerifyToken) };
}
