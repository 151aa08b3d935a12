import { describe, expect, it } from '@jest/globals';
import { requireSameProviders } from '../../../src/adapters/http/operations/webhooks/contract-check.ts';
import { loadOpenapiDocument } from '../../../src/adapters/http/contract/document.ts';
import type { ProviderDescriptor } from '../../../src/adapters/providers/descriptor.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../../src/adapters/providers/registry.ts';
import { isProvider } from '../../../src/domain/provider.ts';

const descriptors = PROVIDER_NAMES.map(descriptorOf);

describe('the registry of providers', () => {
  it('names each provider as its descriptor does', () => {
    expect(descriptors.map(({ name }) => name)).toEqual(PROVIDER_NAMES);
    expect(PROVIDER_NAMES.every(isProvider)).toBe(true);
  });

  it.each(['path', 'operationId', 'securityScheme'] as const)('gives no two providers the same %s', (key) => {
    expect(new Set(descriptors.map((descriptor) => descriptor[key])).size).toBe(descriptors.length);
  });

  it('gives no two providers the same variable', () => {
    const names = descriptors.flatMap(({ secret, settings }) => [
      secret.name,
      ...Object.values(settings).map(({ name }) => name),
    ]);
    expect(new Set(names).size).toBe(names.length);
  });
});

interface Contract {
  paths: Record<string, { post: { operationId: string; security: object[]; requestBody: { content: object } } }>;
  components: { securitySchemes: Record<string, { type: string; name?: string }> };
}

describe('the contract', () => {
  const contract = (): Contract => loadOpenapiDocument().parse() as unknown as Contract;
  const faultOf = (change: (contract: Contract) => void, providers: readonly ProviderDescriptor[] = descriptors) => {
    const changed = contract();
    change(changed);
    return () => {
      requireSameProviders(changed, providers);
    };
  };
  const twilioOperation = ({ paths }: Contract) => {
    const operation = paths['/webhooks/twilio']?.post;
    if (operation === undefined) throw new Error('the contract has no Twilio');
    return operation;
  };

  it('has the providers of the registry', () => {
    expect(faultOf(() => undefined)).not.toThrow();
  });

  it.each(PROVIDER_NAMES)('is rejected without the descriptor of %s', (missing) => {
    const others = descriptors.filter(({ name }) => name !== missing);
    const { securityScheme } = descriptorOf(missing);
    expect(faultOf(() => undefined, others)).toThrow(`no provider has the security scheme ${securityScheme}`);
  });

  it.each(PROVIDER_NAMES)('is rejected without the path of %s', (name) => {
    const { path } = descriptorOf(name);
    expect(
      faultOf(({ paths }) => {
        Reflect.deleteProperty(paths, path);
      }),
    ).toThrow(`${name}: the contract has no POST ${path}`);
  });

  it.each<[string, string, (contract: Contract) => void]>([
    [
      'operation',
      'twilio: POST /webhooks/twilio is other',
      (changed) => {
        twilioOperation(changed).operationId = 'other';
      },
    ],
    [
      'security scheme',
      'twilio: POST /webhooks/twilio does not require twilioSignature alone',
      (changed) => {
        twilioOperation(changed).security = [{ webhookSignature: [] }];
      },
    ],
    [
      'choice of security schemes',
      'twilio: POST /webhooks/twilio does not require twilioSignature alone',
      (changed) => {
        twilioOperation(changed).security = [{ twilioSignature: [] }, {}, { webhookSignature: [] }];
      },
    ],
    [
      'header',
      'twilio: twilioSignature is in another header',
      ({ components }) => {
        components.securitySchemes['twilioSignature'] = { type: 'apiKey', name: 'X-Other' };
      },
    ],
    [
      'media type',
      'twilio: POST /webhooks/twilio does not take application/x-www-form-urlencoded, application/json',
      (changed) => {
        twilioOperation(changed).requestBody.content = { 'application/json': {} };
      },
    ],
    [
      'security scheme that is declared nowhere',
      'no provider has the security scheme madeUpSignature',
      (changed) => {
        twilioOperation(changed).security.push({ madeUpSignature: [] });
      },
    ],
  ])('is rejected with another %s', (_what, fault, change) => {
    expect(faultOf(change)).toThrow(fault);
  });
});
