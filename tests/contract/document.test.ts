import { describe, expect, it } from '@jest/globals';
import { OpenAPIBackend, type Document } from 'openapi-backend';
import { parse } from 'yaml';
import { contract, contractYaml, resolve, schemaFaults, type Node } from '../support/contract-check.ts';

/** A node of the contract, and its path for people. */
interface Place {
  readonly at: string;
  readonly key: string;
  readonly node: Node;
}

function* places(node: unknown, at = '#', key = ''): Generator<Place> {
  if (typeof node !== 'object' || node === null) return;
  yield { at, key, node: node as Node };
  for (const [name, child] of Object.entries(node)) yield* places(child, `${at}/${name}`, name);
}

const ALL = [...places(contract)].filter(({ at }) => !/\/(examples|example)(\/|$)/.test(at));
const SCHEMAS = ALL.filter(({ node }) => typeof node['type'] === 'string' && !('scheme' in node) && !('name' in node));
const OPERATIONS = ALL.filter(({ at }) => /^#\/paths\/.*\/(get|put|post|delete|patch|options|head)$/.test(at));
const CONTENTS = ALL.filter(({ key }) => key === 'content').flatMap(({ at, node }) =>
  Object.entries(node).map(([type, media]) => ({ at: `${at} ${type}`, node: media as Node })),
);
const PARAMETERS = ALL.filter(({ node }) => 'in' in node && 'name' in node && !('type' in node));
const HEADERS = ALL.filter(({ at, node }) => /\/headers\/[^/]+$/.test(at) && !('$ref' in node));

const responsesOf = ({ node }: Place): [string, Node][] =>
  Object.entries(node['responses'] as Node).map(([status, response]) => [status, resolve(response) as Node]);

async function validate(document: unknown): Promise<unknown> {
  const api = new OpenAPIBackend({ definition: document as Document, quick: false, strict: true, validate: false });
  await api.init();
  return api.validateDefinition();
}

describe('api/openapi.yaml', () => {
  it('is a valid OpenAPI 3.0.3 document', async () => {
    expect(contract['openapi']).toBe('3.0.3');
    await expect(validate(parse(contractYaml))).resolves.toBeDefined();
  });

  it('would be rejected otherwise', async () => {
    const broken = parse(contractYaml) as { paths: Record<string, { get?: { responses?: unknown } }> };
    delete broken.paths['/stats']?.get?.responses;
    await expect(validate(broken)).rejects.toThrow('not valid');
  });

  it('is visited completely', () => {
    const count = (lines: RegExp): number => contractYaml.match(lines)?.length ?? 0;
    expect(OPERATIONS).toHaveLength(count(/^ {4}(?:get|put|post|patch|delete|head|options):$/gm));
    expect(CONTENTS).toHaveLength(count(/^ +(?:application|text)\/[\w+.-]+:$/gm));
    expect(OPERATIONS.length).toBeGreaterThan(11);
  });

  it('has no dangling references and no unused definitions', () => {
    const references = ALL.concat([...places(contract)]).flatMap(({ node }) =>
      '$ref' in node ? [String(node['$ref'])] : [],
    );
    for (const reference of references) expect([reference, resolve({ $ref: reference })]).not.toContain(undefined);
    const { securitySchemes = {}, ...components } = contract['components'] as Record<string, Node>;
    const defined = Object.entries(components).flatMap(([kind, all]) =>
      Object.keys(all).map((name) => `#/components/${kind}/${name}`),
    );
    expect(defined.filter((name) => !references.includes(name))).toEqual([]);
    const demanded = OPERATIONS.flatMap(({ node }) => (node['security'] as Node[]).flatMap((one) => Object.keys(one)));
    expect([...new Set(demanded)].sort()).toEqual(Object.keys(securitySchemes).sort());
  });
});

describe('an operation', () => {
  const tags = (contract['tags'] as { name: string }[]).map(({ name }) => name);

  it.each(OPERATIONS)('$at has a name, a summary, a tag and a security requirement', ({ node }) => {
    expect(node['operationId']).toMatch(/^[a-z]+([A-Z][a-z]+)*$/);
    expect(String(node['summary']).length).toBeGreaterThan(9);
    expect(node['tags']).toHaveLength(1);
    expect(tags).toEqual(expect.arrayContaining(node['tags'] as string[]));
    expect(node['security']).toBeInstanceOf(Array);
  });

  it('has a unique name', () => {
    const names = OPERATIONS.map(({ node }) => node['operationId']);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(OPERATIONS)('$at declares every status that its requirements and the server can cause', ({ at, node }) => {
    const statuses = Object.keys(node['responses'] as Node);
    const schemes = (node['security'] as Node[]).flatMap((one) => Object.keys(one));
    const parameters = (node['parameters'] as Node[]).map((parameter) => resolve(parameter) as Node);
    expect(statuses).toEqual(expect.arrayContaining(['200', '500']));
    expect(statuses.includes('401')).toBe(schemes.length > 0);
    expect(statuses.includes('503')).toBe(schemes.length > 0 || /ready|webhooks/.test(at));
    expect(statuses.includes('422')).toBe(parameters.length > 1 || 'requestBody' in node);
    expect(statuses.includes('413') && statuses.includes('415')).toBe('requestBody' in node);
    expect(parameters.map(({ name }) => name)).toContain('X-Request-ID');
    const inPath = parameters.filter((parameter) => parameter['in'] === 'path').map(({ name }) => `{${String(name)}}`);
    expect(inPath).toEqual(at.match(/\{\w+\}/g) ?? []);
  });
});

describe('a response', () => {
  it.each(OPERATIONS)('of $at declares its request id, and the headers of its status', (place) => {
    for (const [status, { headers = {}, description, content = {} }] of responsesOf(place)) {
      expect(String(description).length).toBeGreaterThan(5);
      const names = Object.keys(headers as Node);
      expect(names).toContain('X-Request-ID');
      if (status === '503') expect(names).toContain('Retry-After');
      if (status === '304') expect([names.includes('ETag'), content]).toEqual([true, {}]);
      expect(names).toContain('Cache-Control');
      if (status === '401') expect(names).toContain('WWW-Authenticate'); // RFC 9110, section 11.6.1
      const isProblem = Number(status) >= 400 && !place.at.includes('ready');
      if (isProblem) expect(Object.keys(content as Node)).toEqual(['application/problem+json']);
    }
  });

  it.each(OPERATIONS)('of $at has examples of its own status', (place) => {
    for (const [status, { content = {} }] of responsesOf(place)) {
      const problem = (content as Record<string, Node>)['application/problem+json'];
      for (const example of Object.values((problem?.['examples'] ?? {}) as Node)) {
        expect((resolve(example) as Node)['value']).toMatchObject({ status: Number(status) });
      }
    }
  });
});

describe('an example', () => {
  it.each(CONTENTS)('of $at is valid by its schema', ({ node }) => {
    const examples = Object.values(node['examples'] as Node).map((example) => resolve(example) as Node);
    expect(examples.length).toBeGreaterThan(0);
    for (const { summary, value } of examples) {
      expect(String(summary)).not.toBe('');
      expect(schemaFaults(node['schema'] as Node, value, 'example')).toEqual([]);
    }
  });

  it.each([...PARAMETERS, ...HEADERS])('of $at is valid by its schema', ({ node }) => {
    expect(String(node['description']).length).toBeGreaterThan(5);
    expect(schemaFaults(node['schema'] as Node, node['example'], 'example')).toEqual([]);
  });

  it.each(SCHEMAS.filter(({ node }) => 'example' in node))('of $at is valid by its schema', ({ node }) => {
    expect(schemaFaults(node, node['example'], 'example')).toEqual([]);
  });
});

describe('a limit', () => {
  const ofType = (type: string): Place[] => SCHEMAS.filter(({ node }) => node['type'] === type);

  it.each(ofType('string'))('is on the string $at', ({ node }) => {
    expect('enum' in node || Number(node['maxLength']) > 0).toBe(true);
  });

  it.each(ofType('array'))('is on the array $at', ({ node }) => {
    expect(Number(node['maxItems'])).toBeGreaterThan(0);
  });

  it.each([...ofType('integer'), ...ofType('number')])('is on the number $at', ({ node }) => {
    expect([typeof node['minimum'], typeof node['maximum'], typeof node['format']]).toEqual([
      'number',
      'number',
      'string',
    ]);
  });
});
