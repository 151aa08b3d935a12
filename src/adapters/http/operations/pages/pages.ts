import type { OpenapiDocument } from '../../contract/document.ts';
import type { Reply } from '../../contract/types.ts';
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

/** The operations that serve the pages, their assets and the contract. */
export function pageOperations(document: OpenapiDocument): Pick<Operations, PageOperation> {
  return {
    getDashboard: () =>
      Promise.resolve({
        status: 200,
        headers: { 'Cache-Control': 'no-cache' },
        type: 'text/html',
        body: dashboardPage,
      }),

    getDocsPage: () => Promise.resolve({ status: 200, type: 'text/html', body: docsPage }),

    getRedocPage: () => Promise.resolve({ status: 200, type: 'text/html', body: redocPage }),

    async getAsset({ path: { file } }, { requestId }) {
      const found = await asset(file);
      if (found === null) return notFound(requestId);
      const { cacheControl, type, body } = found;
      return { status: 200, headers: { 'Cache-Control': cacheControl }, type, body: body as never };
    },

    getOpenapiJson: () =>
      Promise.resolve({ status: 200, type: 'application/json', body: document.parse() as ContractDocument }),

    getOpenapiYaml: () => Promise.resolve({ status: 200, type: 'application/yaml', body: document.yaml }),
  };
}

type ContractDocument = Extract<Reply<'getOpenapiJson'>, { status: 200 }>['body'];
