import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** The pages that show the contract. Everything they load comes from this process: no CDN, no inline script. */
export const docsPage = page(
  'webhook-inbox API',
  `<link rel="stylesheet" href="/assets/swagger-ui.css">
<link rel="stylesheet" href="/assets/docs.css">`,
  `<section class="signing" aria-label="Signing">
<label for="secret">Sign webhooks with secret</label>
<input id="secret" type="password" autocomplete="off" spellcheck="false" placeholder="WEBHOOK_SECRET">
<p id="signing-status" role="status">For POST /webhook below. It stays in this page and is not sent: the browser signs.</p>
</section>
<div id="ui"></div>
<script src="/assets/swagger-ui-bundle.js"></script>
<script type="module" src="/assets/docs.js"></script>`,
);

export const redocPage = page(
  'webhook-inbox API reference',
  '<style>body { margin: 0 }</style>',
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
  readonly body: Buffer;
}

const { resolve } = createRequire(import.meta.url);
const read = (file: string | URL, type: Asset['type']) => async (): Promise<Asset> => ({
  type,
  body: await readFile(file),
});
const bundled = (file: string, type: Asset['type']) => read(resolve(file), type);
const ours = (file: string, type: Asset['type']) => read(new URL(`browser/${file}`, import.meta.url), type);

/** Redoc would fetch a logo from its makers, and leaves it out when it cannot. The policy forbids it; this does not even ask. */
async function redocBundle(): Promise<Asset> {
  const { type, body } = await bundled('redoc/bundles/redoc.standalone.js', 'text/javascript')();
  return { type, body: Buffer.from(body.toString().replaceAll('https://cdn.redoc.ly/', 'data:,')) };
}

const LOADERS = new Map<string, () => Promise<Asset>>([
  ['swagger-ui.css', bundled('swagger-ui-dist/swagger-ui.css', 'text/css')],
  ['swagger-ui-bundle.js', bundled('swagger-ui-dist/swagger-ui-bundle.js', 'text/javascript')],
  ['redoc.standalone.js', redocBundle],
  ['docs.js', ours('docs.js', 'text/javascript')],
  ['docs.css', ours('docs.css', 'text/css')],
  ['redoc.js', ours('redoc.js', 'text/javascript')],
]);

const loaded = new Map<string, Promise<Asset>>();

/**
 * A file of the pages; null when there is none of that name. Its bytes are the same for all who ask: who asks and does not read
 * costs no megabytes.
 */
export async function asset(file: string): Promise<Asset | null> {
  const found = loaded.get(file) ?? LOADERS.get(file)?.();
  if (found === undefined) return null;
  loaded.set(file, found);
  try {
    return await found;
  } catch (error) {
    loaded.delete(file); // there may only have been no file descriptor left
    throw error;
  }
}

function page(title: string, head: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${head}
</head>
<body>
${body}
</body>
</html>
`;
}
