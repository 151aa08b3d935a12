/** Swagger UI for the contract of this server, with a function that signs the webhooks of "Try it out". */

const response = await fetch('/openapi.json');
const spec = await response.json();

for (const [name, parameter] of Object.entries(spec.components.parameters)) {
  spec.components.parameters[name] = unfilled(parameter);
}
for (const operation of Object.values(spec.paths).flatMap((path) => Object.values(path))) {
  operation.parameters = operation.parameters.map((parameter) => (parameter.$ref ? parameter : unfilled(parameter)));
}

const secret = document.getElementById('secret');
const status = document.getElementById('signing-status');
// Browsers have it for HTTPS and for localhost only.
if (crypto.subtle === undefined) {
  secret.disabled = true;
  status.textContent = 'This page cannot sign: browsers need HTTPS, or localhost, for it.';
}

SwaggerUIBundle({
  spec,
  dom_id: '#ui',
  deepLinking: true,
  tryItOutEnabled: true,
  validatorUrl: null,
  requestInterceptor: signed,
  // It shows only complete answers, and a stream is never complete.
  plugins: [
    { statePlugins: { spec: { wrapSelectors: { allowTryItOutFor: () => (_state, path) => !isStream(path) } } } },
  ],
});

function isStream(path) {
  return Object.values(spec.paths[path]).some(({ responses }) => responses['200']?.content?.['text/event-stream']);
}

/** Swagger UI fills a form with every example and default: all filters at once, and a cursor together with an offset. */
function unfilled({ example, ...parameter }) {
  if (parameter.required) return { example, ...parameter };
  const name = parameter.schema.$ref?.split('/').at(-1);
  const { example: _example, default: _default, ...schema } = name ? spec.components.schemas[name] : parameter.schema;
  return { ...parameter, schema };
}

/**
 * Signs requests to POST /webhook when they are sent, if the user has entered a secret. The secret leaves this function
 * only as a digest.
 */
async function signed(request) {
  const isWebhook = request.method === 'POST' && new URL(request.url, location.href).pathname === '/webhook';
  if (!isWebhook || secret.value === '') return request;
  const utf8 = new TextEncoder();
  const algorithm = { name: 'HMAC', hash: 'SHA-256' };
  const key = await crypto.subtle.importKey('raw', utf8.encode(secret.value), algorithm, false, ['sign']);
  const digest = await crypto.subtle.sign('HMAC', key, utf8.encode(request.body ?? ''));
  const hex = Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
  request.headers['X-Signature'] = hex;
  status.textContent = `The last webhook was signed: X-Signature: ${hex.slice(0, 8)}…`;
  return request;
}
