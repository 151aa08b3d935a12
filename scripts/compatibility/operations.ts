import { below, entries, isSame, placeOf, shown, type BreakingChange, type Document, type Node } from './document.ts';
import { schemaChanges, type Direction } from './schemas.ts';

const METHODS = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** All changes that may break clients of the contract before. Empty: they keep working. */
export function breakingChanges(before: Document, after: Document): BreakingChange[] {
  const paths = (after.root['paths'] ?? {}) as Node;
  const changes = [
    ...entries(before.root['paths']).flatMap(([path, item]) =>
      METHODS.filter((method) => method in item).flatMap((method) => {
        const at = below('#/paths', path, method);
        const now = (paths[path] as Node | undefined)?.[method];
        return now === undefined
          ? [{ at, what: 'is gone' }]
          : operationChanges(before, item[method] as Node, after, now as Node, at);
      }),
    ),
    ...componentChanges(before, after),
    ...(isSame(serversOf(before), serversOf(after))
      ? []
      : [{ at: '#/servers', what: 'requests go to another address' }]),
  ];
  return [...new Map(changes.map((change) => [change.at + change.what, change])).values()];
}

/** Where requests go; how a server is described breaks no client. */
function serversOf({ root }: Document): Node[] {
  return ((root['servers'] ?? []) as Node[]).map((server) => ({ ...server, description: undefined }));
}

/** Generated code is named after schemas, and authenticates as the security schemes say. */
function componentChanges(before: Document, after: Document): BreakingChange[] {
  const [old, now] = [before, after].map(({ root }) => (root['components'] ?? {}) as Record<string, Node>);
  const schemas = Object.keys(old?.['schemas'] ?? {})
    .filter((name) => !(name in (now?.['schemas'] ?? {})))
    .map((name) => ({ at: below('#/components/schemas', name), what: 'is gone: generated types have its name' }));
  const schemes = entries(old?.['securitySchemes']).flatMap(([name, scheme]) => {
    const current = now?.['securitySchemes']?.[name] as Node | undefined;
    return ['type', 'in', 'name', 'scheme']
      .filter((key) => scheme[key] !== current?.[key])
      .map((key) => ({
        at: below('#/components/securitySchemes', name, key),
        what: `was ${shown(scheme[key])}, is ${shown(current?.[key])}`,
      }));
  });
  return [...schemas, ...schemes];
}

function operationChanges(before: Document, old: Node, after: Document, now: Node, at: string): BreakingChange[] {
  const changes = ['operationId', 'tags']
    .filter((key) => !isSame(old[key], now[key]))
    .map((key) => ({
      at: below(at, key),
      what: `was ${shown(old[key])}, is ${shown(now[key])}: generated code is named after it`,
    }));
  return [
    ...changes,
    ...securityChanges(old, now, at),
    ...parameterChanges(before, old, after, now, at),
    ...bodyChanges(before, old['requestBody'], after, now['requestBody'], below(at, 'requestBody')),
    ...responsesChanges(before, old['responses'], after, now['responses'], below(at, 'responses')),
  ];
}

/** Every client that could call the operation still can: for each old alternative, a new one requires no more. */
function securityChanges(old: Node, now: Node, at: string): BreakingChange[] {
  const ways = (node: Node): string[][] => {
    const listed = ((node['security'] ?? []) as Node[]).map((way) => Object.keys(way));
    return listed.length === 0 ? [[]] : listed;
  };
  return ways(old)
    .filter((used) => !ways(now).some((way) => way.every((scheme) => used.includes(scheme))))
    .map((used) => ({
      at: below(at, 'security'),
      what: `${used.join(' and ') || 'no credentials'} will not do any more`,
    }));
}

function parameterChanges(before: Document, old: Node, after: Document, now: Node, at: string): BreakingChange[] {
  const byName = (document: Document, node: Node): Map<string, Node> =>
    new Map(
      ((node['parameters'] ?? []) as Node[]).map((parameter) => {
        const { in: from, name } = document.resolve(parameter);
        return [`${String(from)}/${from === 'header' ? String(name).toLowerCase() : String(name)}`, parameter];
      }),
    );
  const [oldOnes, nowOnes] = [byName(before, old), byName(after, now)];
  const kept = [...oldOnes].flatMap(([name, reference]) => {
    const current = nowOnes.get(name);
    if (current === undefined) return [{ at: `${at}/parameters/${name}`, what: 'is gone: it is ignored from now on' }];
    const place = placeOf(reference, current, `${at}/parameters/${name}`);
    const [was, is] = [before.resolve(reference), after.resolve(current)];
    return [
      ...(is['required'] === true && was['required'] !== true ? [{ at: place, what: 'is required now' }] : []),
      ...['style', 'explode']
        .filter((key) => was[key] !== is[key])
        .map((key) => ({ at: `${place}/${key}`, what: `was ${shown(was[key])}, is ${shown(is[key])}` })),
      ...schemaChanges([before, was['schema']], [after, is['schema']], 'sent', `${place}/schema`),
    ];
  });
  const added = [...nowOnes]
    .filter(([name, parameter]) => !oldOnes.has(name) && after.resolve(parameter)['required'] === true)
    .map(([name]) => ({ at: `${at}/parameters/${name}`, what: 'is new and required' }));
  return [...kept, ...added];
}

function bodyChanges(before: Document, was: unknown, after: Document, is: unknown, at: string): BreakingChange[] {
  const [old, now] = [before.resolve(was), after.resolve(is)];
  const demanded = now['required'] === true && old['required'] !== true;
  return [
    ...(demanded ? [{ at, what: 'is required now' }] : []),
    ...contentChanges(before, old['content'], after, now['content'], 'sent', at),
  ];
}

function responsesChanges(before: Document, was: unknown, after: Document, is: unknown, at: string): BreakingChange[] {
  const [old, now] = [was, is].map((node) => (node ?? {}) as Node);
  const added = Object.keys(now ?? {})
    .filter((status) => /^[123]/.test(status) && !(status in (old ?? {})))
    .map((status) => ({ at: below(at, status), what: 'is a new success that clients do not know' }));
  return entries(old).reduce<BreakingChange[]>((changes, [status, reference]) => {
    if (!(status in (now ?? {}))) return [...changes, { at: below(at, status), what: 'is gone' }];
    const place = placeOf(reference, now?.[status], below(at, status));
    const [response, current] = [before.resolve(reference), after.resolve(now?.[status])];
    return [
      ...changes,
      ...headerChanges(before, response, after, current, below(place, 'headers')),
      ...contentChanges(before, response['content'], after, current['content'], 'received', place),
    ];
  }, added);
}

function headerChanges(before: Document, old: Node, after: Document, now: Node, at: string): BreakingChange[] {
  const current = new Map(entries(now['headers']).map(([name, header]) => [name.toLowerCase(), header]));
  return entries(old['headers']).flatMap(([name, reference]) => {
    const header = current.get(name.toLowerCase());
    if (header === undefined) return [{ at: below(at, name), what: 'is gone' }];
    const place = placeOf(reference, header, below(at, name));
    const [was, is] = [before.resolve(reference), after.resolve(header)];
    return [
      ...(was['required'] === true && is['required'] !== true
        ? [{ at: place, what: 'was always there and need not be now' }]
        : []),
      ...schemaChanges([before, was['schema']], [after, is['schema']], 'received', below(place, 'schema')),
    ];
  });
}

function contentChanges(
  before: Document,
  was: unknown,
  after: Document,
  is: unknown,
  direction: Direction,
  at: string,
): BreakingChange[] {
  const now = (is ?? {}) as Record<string, Node>;
  return entries(was).flatMap(([type, media]) => {
    const place = below(at, 'content', type);
    const current = now[type];
    if (current === undefined) return [{ at: place, what: 'is gone' }];
    return schemaChanges([before, media['schema']], [after, current['schema']], direction, below(place, 'schema'));
  });
}
