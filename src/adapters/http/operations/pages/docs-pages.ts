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
export const DOCS_CONTENT_SECURITY_POLICY = {
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
