import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';

/**
 * The operator's page, and what it loads. Its modules are served as they are written: an import map leads from the names that they
 * import to names with a hash of the content, which browsers may keep for ever (docs/adr/0016).
 */

interface DashboardAsset {
  readonly type: 'text/javascript' | 'text/css';
  readonly body: Buffer;
}

interface Module extends DashboardAsset {
  /** What others import it by. */
  readonly specifier: string;
  readonly name: string;
}

const FOLDER = new URL('../../browser/dashboard/', import.meta.url);
const SCRIPT = 'text/javascript';

const packageFile = (specifier: string, file = ''): URL => new URL(file, import.meta.resolve(specifier));

/** Their own imports of each other are relative to where they are served, or bare. */
const PACKAGES: readonly Module[] = [
  module('preact', 'preact', packageFile('preact')),
  module('preact/hooks', 'preact-hooks', packageFile('preact/hooks')),
  module('htm', 'htm', packageFile('htm')),
  module('eventsource-parser', 'eventsource-parser', packageFile('eventsource-parser', 'parse.js')),
  module('/assets/errors.js', 'eventsource-parser-errors', packageFile('eventsource-parser', 'errors.js')),
];
const OURS: readonly Module[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.js'))
  .map((file) => module(`/assets/${file}`, file.slice(0, -'.js'.length), new URL(file, FOLDER)));
/** In the order of the cascade. The page loads them as one file, because it paints nothing before all are loaded. */
const STYLES = ['base', 'controls', 'page', 'panels', 'chart', 'side', 'messages', 'dialogs', 'preferences'];
const STYLE: DashboardAsset = {
  type: 'text/css',
  body: Buffer.concat(STYLES.map((name) => readFileSync(new URL(`styles/${name}.css`, FOLDER)))),
};

/** The names under which they are served. */
const addresses = new Map([...PACKAGES, ...OURS].map((one) => [one.specifier, versioned(one.name, 'js', one.body)]));
const styleName = versioned('dashboard', 'css', STYLE.body);

/** All files that the page loads, by their names under /assets. The content of a name never changes. */
export const dashboardAssets: ReadonlyMap<string, DashboardAsset> = new Map<string, DashboardAsset>([
  [styleName, STYLE],
  ...[...PACKAGES, ...OURS].map((one) => [addresses.get(one.specifier) ?? '', one] as const),
]);

const importMap = JSON.stringify({
  imports: Object.fromEntries([...addresses].map(([specifier, name]) => [specifier, `/assets/${name}`])),
});

/** Scripts from here and the import map, nothing inline; no way from text to markup or code, not even by a mistake of ours. */
export const DASHBOARD_CONTENT_SECURITY_POLICY = {
  defaultSrc: ["'none'"],
  scriptSrc: ["'self'", `'sha256-${createHash('sha256').update(importMap).digest('base64')}'`],
  styleSrc: ["'self'"],
  imgSrc: ['data:'],
  connectSrc: ["'self'"],
  baseUri: ["'none'"],
  formAction: ["'none'"],
  frameAncestors: ["'none'"],
  requireTrustedTypesFor: ["'script'"],
  trustedTypes: ["'none'"],
};

const ICON = encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect width="16" height="16" rx="4" fill="#1d57c7"/><path d="M3 9h3l1 2h2l1-2h3M3 9l2-5h6l2 5v3.5H3z" fill="none" stroke="#fff" stroke-width="1.4" stroke-linejoin="round"/></svg>',
);

/** Contains the placeholder that is painted until the modules are loaded. */
export const dashboardPage = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>webhook-inbox</title>
<link rel="icon" href="data:image/svg+xml,${ICON}">
<link rel="stylesheet" href="/assets/${styleName}">
<script src="${address('early-theme.js')}"></script>
<script type="importmap">${importMap}</script>
${[...addresses.keys()]
  .filter((specifier) => specifier !== '/assets/early-theme.js')
  .map((specifier) => `<link rel="modulepreload" href="/assets/${addresses.get(specifier) ?? ''}">`)
  .join('\n')}
<script type="module" src="${address('main.js')}"></script>
</head>
<body>
<div id="app">
<header class="top"><h1>webhook-inbox</h1><p class="dot idle">Loading…</p></header>
<main>
<section class="panel chart"><header><h2>Messages over time</h2></header></section>
<div class="side"><section class="panel tail"><header><h2>Live</h2></header></section></div>
<section class="panel list"><header><h2>Messages</h2></header>
<noscript><p class="notice">This page needs JavaScript. <a href="/redoc">The API</a> does not.</p></noscript>
<p class="late muted">Some of this page has not arrived. Reload it; after an update of the service, with the cache emptied.</p></section>
</main>
</div>
</body>
</html>
`;

function address(file: string): string {
  return `/assets/${addresses.get(`/assets/${file}`) ?? ''}`;
}

function module(specifier: string, name: string, file: URL): Module {
  return { specifier, name, type: SCRIPT, body: readFileSync(file) };
}

function versioned(name: string, extension: string, body: Buffer): string {
  return `${name}.${createHash('sha256').update(body).digest('hex').slice(0, 12)}.${extension}`;
}
