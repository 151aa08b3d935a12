import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dashboardAssets } from './dashboard.ts';

export interface Asset {
  readonly type: 'text/javascript' | 'text/css';
  readonly body: Buffer;
  /** The content behind a name may change with the version of the service, unless the name contains a version. */
  readonly cacheControl: string;
}

const { resolve } = createRequire(import.meta.url);
const read = (file: string | URL, type: Asset['type']) => async (): Promise<Asset> => ({
  type,
  body: await readFile(file),
  cacheControl: 'public, max-age=3600',
});
const bundled = (file: string, type: Asset['type']) => read(resolve(file), type);
const ours = (file: string, type: Asset['type']) => read(new URL(`../../browser/${file}`, import.meta.url), type);

/** Redoc fetches a logo from its makers and omits it on failure. The policy forbids the request; this prevents the attempt. */
async function redocBundle(): Promise<Asset> {
  const { body, ...rest } = await bundled('redoc/bundles/redoc.standalone.js', 'text/javascript')();
  return { ...rest, body: Buffer.from(body.toString().replaceAll('https://cdn.redoc.ly/', 'data:,')) };
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
 * Returns a file of the pages; null if none has that name. All requests share its bytes, so that a client that does not read costs no
 * megabytes.
 */
export async function asset(file: string): Promise<Asset | null> {
  const versioned = dashboardAssets.get(file);
  if (versioned !== undefined) return { ...versioned, cacheControl: 'public, max-age=31536000, immutable' };
  const found = loaded.get(file) ?? LOADERS.get(file)?.();
  if (found === undefined) return null;
  loaded.set(file, found);
  try {
    return await found;
  } catch (error) {
    loaded.delete(file); // the process may only have run out of file descriptors
    throw error;
  }
}
