import type { ProviderDescriptor } from '../../../providers/descriptor.ts';
import { descriptorOf, PROVIDER_NAMES } from '../../../providers/registry.ts';

interface Operation {
  readonly operationId?: string;
  readonly security?: readonly Readonly<Record<string, unknown>>[];
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

interface Contract {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation | undefined>>>>;
  readonly components: {
    readonly securitySchemes: Readonly<Record<string, { readonly type: string; readonly name?: string }>>;
  };
}

/**
 * Throws when the contract and the providers differ: a signature scheme or a signed operation without a provider, or a
 * provider whose operation, path, scheme, header or media types the contract does not have.
 */
export function requireSameProviders(
  document: object,
  providers: readonly ProviderDescriptor[] = PROVIDER_NAMES.map(descriptorOf),
): void {
  const contract = document as Contract;
  const faults = [
    ...providers.flatMap((provider) => faultsOf(provider, contract).map((fault) => `${provider.name}: ${fault}`)),
    ...orphans(contract, new Set(providers.map(({ securityScheme }) => securityScheme))),
  ];
  if (faults.length > 0) throw new Error(`the contract and the providers differ: ${faults.join('; ')}`);
}

function faultsOf(provider: ProviderDescriptor, { paths, components }: Contract): string[] {
  const { path, operationId, securityScheme, mediaTypes, signature } = provider;
  const operation = paths[path]?.['post'];
  if (operation === undefined) return [`the contract has no POST ${path}`];
  const scheme = components.securitySchemes[securityScheme];
  const schemes = (operation.security ?? []).flatMap((one) => Object.keys(one));
  return [
    ...(operation.operationId === operationId ? [] : [`POST ${path} is ${String(operation.operationId)}`]),
    ...(schemes.join() === securityScheme ? [] : [`POST ${path} does not require ${securityScheme} alone`]),
    ...(signature.headers.some((header) => header === scheme?.name) ? [] : [`${securityScheme} is in another header`]),
    ...(sameWords(Object.keys(operation.requestBody?.content ?? {}), mediaTypes)
      ? []
      : [`POST ${path} does not take ${mediaTypes.join(', ')}`]),
  ];
}

/** Signature schemes of the contract that no provider has. */
function orphans({ paths, components }: Contract, known: ReadonlySet<string>): string[] {
  const isSignature = (scheme: string): boolean => components.securitySchemes[scheme]?.type !== 'http';
  const declared = Object.keys(components.securitySchemes);
  const used = Object.values(paths)
    .flatMap((operations) => Object.values(operations))
    .flatMap((operation) => (operation?.security ?? []).flatMap((one) => Object.keys(one)));
  const unknown = new Set([...declared, ...used].filter((scheme) => isSignature(scheme) && !known.has(scheme)));
  return [...unknown].map((scheme) => `no provider has the security scheme ${scheme}`);
}

function sameWords(some: readonly string[], others: readonly string[]): boolean {
  return some.length === others.length && some.every((word) => others.includes(word));
}
