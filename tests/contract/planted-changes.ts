import type { contract } from '../support/contract-check.ts';

/** Changes to the contract, each with the expected finding if it breaks clients. */

type Contract = typeof contract;
/** A place in a copy of the contract that a change edits. */
type Place = Record<string, unknown>;

export interface PlantedChange {
  readonly name: string;
  readonly plant: (contract: Contract) => void;
}

export interface PlantedBreak extends PlantedChange {
  /** The beginning or the end of the pointer to it. */
  readonly at: string;
}

const at = (root: Contract, ...keys: string[]): Place => keys.reduce<Place>((node, key) => node[key] as Place, root);
const operation = (root: Contract, path: string, method = 'get'): Place => at(root, 'paths', path, method);
const schema = (root: Contract, name: string): Place => at(root, 'components', 'schemas', name);
const property = (root: Contract, name: string, member: string): Place => at(schema(root, name), 'properties', member);
function parameter(root: Contract, path: string, name: string): Place {
  const found = (operation(root, path)['parameters'] as Place[]).find((one) => one['name'] === name);
  if (found === undefined) throw new Error(`${path} has no parameter ${name}`);
  return found;
}
const remove = (node: Place, key: string): void => void Reflect.deleteProperty(node, key);
const response = (root: Contract, name: string): Place => at(root, 'components', 'responses', name);

/** Removals and restrictions, each of which some client would notice. */
export const BREAKING: readonly PlantedBreak[] = [
  {
    name: 'a path is removed',
    at: '#/paths/~1stats/get',
    plant: (c) => {
      remove(at(c, 'paths'), '/stats');
    },
  },
  {
    name: 'a method is removed',
    at: '#/paths/~1webhooks~1whatsapp/get',
    plant: (c) => {
      remove(at(c, 'paths', '/webhooks/whatsapp'), 'get');
    },
  },
  {
    name: 'an operation is renamed',
    at: '#/paths/~1stats/get/operationId',
    plant: (c) => (operation(c, '/stats')['operationId'] = 'computeStats'),
  },
  {
    name: 'an operation moves to another tag',
    at: '#/paths/~1stats/get/tags',
    plant: (c) => (operation(c, '/stats')['tags'] = ['Operations']),
  },
  {
    name: 'a query parameter is removed',
    at: '/parameters/query/q',
    plant: (c) => {
      const list = operation(c, '/messages');
      list['parameters'] = (list['parameters'] as Place[]).filter(({ name }) => name !== 'q');
    },
  },
  {
    name: 'a query parameter becomes required',
    at: '/parameters/query/limit',
    plant: (c) => (parameter(c, '/messages', 'limit')['required'] = true),
  },
  {
    name: 'a required parameter is added',
    at: '/parameters/query/tenant',
    plant: (c) =>
      (operation(c, '/stats')['parameters'] as Place[]).push({
        name: 'tenant',
        in: 'query',
        required: true,
        schema: { type: 'string' },
      }),
  },
  {
    name: 'the maximum of a parameter falls',
    at: '/parameters/query/limit/schema/maximum',
    plant: (c) => (at(parameter(c, '/messages', 'limit'), 'schema')['maximum'] = 50),
  },
  {
    name: 'the default of a parameter changes',
    at: '/parameters/query/limit/schema/default',
    plant: (c) => (at(parameter(c, '/messages', 'limit'), 'schema')['default'] = 20),
  },
  {
    name: 'the pattern of a parameter changes',
    at: '/parameters/query/q/schema/pattern',
    plant: (c) => (at(parameter(c, '/messages', 'q'), 'schema')['pattern'] = '^[a-z]+$'),
  },
  {
    name: 'the type of a parameter changes',
    at: '/parameters/query/offset/schema/type',
    plant: (c) => (at(parameter(c, '/messages', 'offset'), 'schema')['type'] = 'string'),
  },
  {
    name: 'an enum of a parameter loses a word',
    at: '#/components/schemas/RejectionReason/enum',
    plant: (c) => (schema(c, 'RejectionReason')['enum'] as string[]).pop(),
  },
  {
    name: 'a member of a body becomes required',
    at: '#/components/schemas/IngestRequest/required/text',
    plant: (c) => (schema(c, 'IngestRequest')['required'] as string[]).push('text'),
  },
  {
    name: 'a member of a body may no longer be null',
    at: '#/components/schemas/IngestRequest/properties/text/nullable',
    plant: (c) => {
      remove(property(c, 'IngestRequest', 'text'), 'nullable');
    },
  },
  {
    name: 'a member of a body may be less long',
    at: '#/components/schemas/IngestRequest/properties/text/maxLength',
    plant: (c) => (property(c, 'IngestRequest', 'text')['maxLength'] = 1_000),
  },
  {
    name: 'a member of a body is removed',
    at: '#/components/schemas/IngestRequest/properties/text',
    plant: (c) => {
      remove(at(schema(c, 'IngestRequest'), 'properties'), 'text');
    },
  },
  {
    name: 'a media type of a body is removed',
    at: '/requestBody/content/application~1json',
    plant: (c) => {
      remove(at(operation(c, '/webhooks/twilio', 'post'), 'requestBody', 'content'), 'application/json');
    },
  },
  {
    name: 'a member of an answer is removed',
    at: '#/components/schemas/Stats/properties/senders_count',
    plant: (c) => {
      remove(at(schema(c, 'Stats'), 'properties'), 'senders_count');
    },
  },
  {
    name: 'a member of an answer need not be there',
    at: '#/components/schemas/MessageList/required/total',
    plant: (c) => (schema(c, 'MessageList')['required'] = ['data', 'limit', 'offset', 'next_cursor']),
  },
  {
    name: 'a member of an answer may be null',
    at: '#/components/schemas/Stats/properties/total_messages/nullable',
    plant: (c) => (property(c, 'Stats', 'total_messages')['nullable'] = true),
  },
  {
    name: 'a member of an answer has another type',
    at: '#/components/schemas/Stats/properties/total_messages/type',
    plant: (c) => (property(c, 'Stats', 'total_messages')['type'] = 'string'),
  },
  {
    name: 'an enum of an answer has a new word',
    at: '#/components/schemas/Readiness/properties/status/enum',
    plant: (c) => (property(c, 'Readiness', 'status')['enum'] as string[]).push('degraded'),
  },
  {
    name: 'the items of an answer lose a member',
    at: '#/components/schemas/SenderCount/properties/count',
    plant: (c) => {
      remove(at(schema(c, 'SenderCount'), 'properties'), 'count');
    },
  },
  {
    name: 'a part of allOf loses a member',
    at: '/properties/status',
    plant: (c) => {
      const [, own] = schema(c, 'MessageDetail')['allOf'] as Place[];
      remove(at(own as Contract, 'properties'), 'status');
    },
  },
  {
    name: 'a status of an answer is removed',
    at: '#/paths/~1stats/get/responses/304',
    plant: (c) => {
      remove(at(operation(c, '/stats'), 'responses'), '304');
    },
  },
  {
    name: 'success has another status',
    at: '#/paths/~1webhook/post/responses/202',
    plant: (c) => {
      const responses = at(operation(c, '/webhook', 'post'), 'responses');
      responses['202'] = responses['200'];
    },
  },
  {
    name: 'a media type of an answer is removed',
    at: '/responses/200/content/application~1openmetrics-text',
    plant: (c) => {
      remove(at(operation(c, '/metrics'), 'responses', '200', 'content'), 'application/openmetrics-text');
    },
  },
  {
    name: 'a header of an answer is removed',
    at: '#/components/responses/Ingested/headers/X-Message-Result',
    plant: (c) => {
      remove(at(response(c, 'Ingested'), 'headers'), 'X-Message-Result');
    },
  },
  {
    name: 'a header of an answer need not be there',
    at: '#/components/headers/RetryAfter',
    plant: (c) => (at(c, 'components', 'headers', 'RetryAfter')['required'] = false),
  },
  {
    name: 'an open operation wants credentials',
    at: '#/paths/~1health~1ready/get/security',
    plant: (c) => (operation(c, '/health/ready')['security'] = [{ readKey: [] }]),
  },
  {
    name: 'an operation wants other credentials',
    at: '#/paths/~1webhook/post/security',
    plant: (c) => (operation(c, '/webhook', 'post')['security'] = [{ standardSignature: [] }]),
  },
  {
    name: 'credentials go into another header',
    at: '#/components/securitySchemes/webhookSignature/name',
    plant: (c) => (at(c, 'components', 'securitySchemes', 'webhookSignature')['name'] = 'X-Signature-256'),
  },
  {
    name: 'a schema is renamed',
    at: '#/components/schemas/SenderCount',
    plant: (c) => {
      const schemas = at(c, 'components', 'schemas');
      schemas['Sender'] = schemas['SenderCount'];
      remove(schemas, 'SenderCount');
      at(schemas, 'Stats', 'properties', 'messages_per_sender')['items'] = {
        $ref: '#/components/schemas/Sender',
      };
    },
  },
  {
    name: 'a schema has a keyword that nobody here knows',
    at: '#/components/schemas/Message/not',
    plant: (c) => (schema(c, 'Message')['not'] = { required: ['text'] }),
  },
];

/** Additions, extensions and changes of wording. */
export const COMPATIBLE: readonly PlantedChange[] = [
  {
    name: 'a server is described in other words',
    plant: (c) => {
      for (const server of c['servers'] as Place[]) server['description'] = 'The inbox';
    },
  },
  {
    name: 'a path is added',
    plant: (c) => (at(c, 'paths')['/senders'] = { get: { ...operation(c, '/stats'), operationId: 'listSenders' } }),
  },
  {
    name: 'an optional parameter is added',
    plant: (c) =>
      (operation(c, '/stats')['parameters'] as Place[]).push({
        name: 'since',
        in: 'query',
        schema: { type: 'string' },
      }),
  },
  {
    name: 'the maximum of a parameter rises',
    plant: (c) => (at(parameter(c, '/messages', 'limit'), 'schema')['maximum'] = 500),
  },
  {
    name: 'a parameter loses its pattern',
    plant: (c) => {
      remove(at(parameter(c, '/messages', 'q'), 'schema'), 'pattern');
    },
  },
  {
    name: 'a body has an optional member more',
    plant: (c) => (at(schema(c, 'IngestRequest'), 'properties')['locale'] = { type: 'string' }),
  },
  {
    name: 'a member of a body need not be there',
    plant: (c) => (schema(c, 'IngestRequest')['required'] = ['message_id', 'from', 'to']),
  },
  {
    name: 'a body has a media type more',
    plant: (c) => {
      const content = at(operation(c, '/webhook', 'post'), 'requestBody', 'content');
      content['application/cbor'] = content['application/json'];
    },
  },
  {
    name: 'an answer has a member more',
    plant: (c) => {
      at(schema(c, 'Stats'), 'properties')['providers_count'] = { type: 'integer' };
      (schema(c, 'Stats')['required'] as string[]).push('providers_count');
    },
  },
  {
    name: 'an enum of an answer has a word less',
    plant: (c) => (property(c, 'ReadinessChecks', 'schema')['enum'] as string[]).pop(),
  },
  {
    name: 'an answer has a header more',
    plant: (c) => (at(operation(c, '/stats'), 'responses', '200', 'headers')['Age'] = { schema: { type: 'integer' } }),
  },
  {
    name: 'an operation has a new error',
    plant: (c) => (at(operation(c, '/stats'), 'responses')['429'] = { $ref: '#/components/responses/Unavailable' }),
  },
  {
    name: 'credentials are no longer needed',
    plant: (c) => (operation(c, '/stats')['security'] = []),
  },
  {
    name: 'there is another way to authenticate',
    plant: (c) => (operation(c, '/stats')['security'] as Place[]).push({ webhookSignature: [] }),
  },
  {
    name: 'words are changed',
    plant: (c) => {
      operation(c, '/stats')['summary'] = 'Numbers';
      property(c, 'Stats', 'total_messages')['description'] = 'How many there are.';
      property(c, 'Stats', 'total_messages')['example'] = 7;
    },
  },
];
