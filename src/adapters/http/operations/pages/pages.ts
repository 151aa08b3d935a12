import type { OpenapiDocument } from '../../contract/document.ts';
import type { Policy } from '../../middleware/security-headers.ts';
import type { Operations } from '../exchange.ts';
import { notFound } from '../not-found.ts';
import { asset } from './assets.ts';
import { DASHBOARD_CONTENT_SECURITY_POLICY, dashboardPage } from './dashboard.ts';
import { DOCS_CONTENT_SECURITY_POLICY, docsPage, redocPage } from './docs-pages.ts';

type PageOperation = 'getDashboard' | 'getDocsPage' | 'getRedocPage' | 'getAsset' | 'getOpenapiJson' | 'getOpenapiYaml';

/** What each page may load and run, by its path. */
export const PAGE_POLICIES: ReadonlyMap<string, Policy> = new Map<string, Policy>([
  ['/', DASHBOARD_CONTENT_SECURITY_POLICY],
  ['/docs', DOCS_CONTENT_SECURITY_POLICY],
  ['/redoc', DOCS_CONTENT_SECURITY_POLICY],
]);

/** As bytes that all answers share, as with assets. */
const bytesOf = (page: string): never => Buffer.from(page) as never;
/** A browser asks again on each visit: the content changes with the version of the service. */
const REVALIDATE = { 'Cache-Control': 'no-cache' } as const;
const DASHBOARD = bytesOf(dashboardPage);
const DOCS = bytesOf(docsPage);
const REDOC = bytesOf(redocPage);

/** The operations that serve the pages, their assets and the contract. */
export function pageOperations(document: OpenapiDocument): Pick<Operations, PageOperation> {
  return {
    getDashboard: () => Promise.resolve({ status: 200, headers: REVALIDATE, type: 'text/html', body: DASHBOARD }),

    getDocsPage: () => Promise.resolve({ status: 200, headers: REVALIDATE, type: 'text/html', body: DOCS }),

    getRedocPage: () => Promise.resolve({ status: 200, headers: REVALIDATE, type: 'text/html', body: REDOC }),

    async getAsset({ path: { file } }, { requestId }) {
      const found = await asset(file);
      if (found === null) return notFound(requestId);
      const { cacheControl, type, body } = found;
      return { status: 200, headers: { 'Cache-Control': cacheControl }, type, body: body as never };
    },

    getOpenapiJson: () =>
      Promise.resolve({ status: 200, headers: REVALIDATE, type: 'application/json', body: document.json as never }),

    getOpenapiYaml: () =>
      Promise.resolve({ status: 200, headers: REVALIDATE, type: 'application/yaml', body: document.yaml as never }),
  };
}
