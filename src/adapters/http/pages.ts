import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The pages that show the contract. Everything they load comes from this process: no CDN, no inline script. */
export const docsPage = page(
  'webhook-inbox API',
  '<link rel="stylesheet" href="/assets/swagger-ui.css">',
  '<div id="ui"></div><script src="/assets/swagger-ui-bundle.js"></script><script type="module" src="/assets/docs.js"></script>',
);

export const redocPage = page(
  'webhook-inbox API reference',
  '',
  '<div id="ui"></div><script src="/assets/redoc.standalone.js"></script><script src="/assets/redoc.js"></script>',
);

/** What the two pages may load and run: Redoc makes its styles and a worker at run time. */
export const PAGE_CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"],
  imgSrc: ["'self'", 'data:'],
  fontSrc: ["'self'"],
  connectSrc: ["'self'"],
  workerSrc: ["'self'", 'blob:'],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
};

interface Asset {
  readonly type: 'text/javascript' | 'text/css';
  readonly body: string;
}

/** Swagger UI fills a form with every example and default: all filters at once, and a cursor together with an offset. */
const DOCS_SCRIPT = `const response = await fetch('/openapi.json');
const spec = await response.json();

function unfilled({ example, ...parameter }) {
  if (parameter.required) return { example, ...parameter };
  const name = parameter.schema.$ref?.split('/').at(-1);
  const { example: _example, default: _default, ...schema } = name ? spec.components.schemas[name] : parameter.schema;
  return { ...parameter, schema };
}

for (const [name, parameter] of Object.entries(spec.components.parameters)) {
  spec.components.parameters[name] = unfilled(parameter);
}
for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path))) {
  operation.parameters = operation.parameters.map((parameter) => (parameter.$ref ? parameter : unfilled(parameter)));
}
SwaggerUIBundle({
  spec,
  dom_id: '#ui',
  deepLinking: true,
  tryItOutEnabled: true,
  persistAuthorization: true,
  validatorUrl: null,
});
`;
const REDOC_SCRIPT = `Redoc.init('/openapi.json', { disableSearch: false, hideDownloadButton: false }, document.getElementById('ui'));
`;

const { resolve } = createRequire(import.meta.url);
const bundled = (file: string, type: Asset['type']) => async (): Promise<Asset> => ({
  type,
  body: await readFile(resolve(file), 'utf8'),
});
const ours = (body: string) => (): Promise<Asset> => Promise.resolve({ type: 'text/javascript', body });

const ASSETS = new Map<string, () => Promise<Asset>>([
  ['swagger-ui.css', bundled('swagger-ui-dist/swagger-ui.css', 'text/css')],
  ['swagger-ui-bundle.js', bundled('swagger-ui-dist/swagger-ui-bundle.js', 'text/javascript')],
  ['redoc.standalone.js', bundled('redoc/bundles/redoc.standalone.js', 'text/javascript')],
  ['docs.js', ours(DOCS_SCRIPT)],
  ['redoc.js', ours(REDOC_SCRIPT)],
]);

/** A file of the pages; null when there is none of that name. */
export async function asset(file: string): Promise<Asset | null> {
  return (await ASSETS.get(file)?.()) ?? null;
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<style>body { margin: 0 }</style>
${head}
</head>
<body>
${body}
</body>
</html>
`;
}
