import { contract, resolve, type Node } from './contract-check.ts';

/** The examples of the contract and their names: their places without the scaffolding. */

export interface ContractExample {
  /** Such as `ingestMessage request text`, `listMessages 200 page`, `components Unavailable unavailable`, `listMessages ?limit`. */
  readonly name: string;
  readonly value: unknown;
}

const METHODS = ['get', 'put', 'post', 'patch', 'delete'];

/** Every example of a body, a parameter or a header, each once, at its place. Examples of schemas are not included. */
export function contractExamples(): ContractExample[] {
  const { parameters, headers, responses } = contract['components'] as Record<string, Record<string, Node>>;
  return [
    ...Object.values(contract['paths'] as Record<string, Node>).flatMap((item) =>
      METHODS.flatMap((method) => (item[method] === undefined ? [] : operationExamples(item[method] as Node))),
    ),
    ...entries(responses).flatMap(([name, response]) => responseExamples(`components ${name}`, response)),
    ...entries(parameters).flatMap(([, parameter]) => parameterExamples('components', parameter)),
    ...entries(headers).flatMap(([name, header]) => valueExample(`components header ${name}`, header)),
  ];
}

function operationExamples(operation: Node): ContractExample[] {
  const name = String(operation['operationId']);
  return [
    ...contentExamples(`${name} request`, operation['requestBody']),
    ...(operation['parameters'] as Node[]).flatMap((parameter) => parameterExamples(name, parameter)),
    ...entries(operation['responses']).flatMap(([status, response]) => responseExamples(`${name} ${status}`, response)),
  ];
}

function parameterExamples(owner: string, parameter: Node): ContractExample[] {
  if ('$ref' in parameter) return [];
  const mark = { path: '/', query: '?', header: 'header ' }[String(parameter['in'])] ?? '';
  return valueExample(`${owner} ${mark}${String(parameter['name'])}`, parameter);
}

function responseExamples(name: string, response: Node): ContractExample[] {
  const headers = entries(response['headers']).flatMap(([header, node]) =>
    valueExample(`${name} header ${header}`, node),
  );
  return [...headers, ...contentExamples(name, response)];
}

function contentExamples(name: string, holder: unknown): ContractExample[] {
  const content = entries((holder as Node | undefined)?.['content']);
  return content.flatMap(([type, media]) =>
    entries(media['examples']).map(([example, node]) => ({
      name: `${name} ${content.length > 1 ? `${type} ` : ''}${example}`,
      value: (resolve(node) as Node)['value'],
    })),
  );
}

function valueExample(name: string, node: Node): ContractExample[] {
  return '$ref' in node ? [] : [{ name, value: node['example'] }];
}

function entries(node: unknown): [string, Node][] {
  return Object.entries((node ?? {}) as Record<string, Node>);
}
