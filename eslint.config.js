import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import tseslint from 'typescript-eslint';

const CLOCK = [
  {
    selector: "NewExpression[callee.name='Date'][arguments.length=0]",
    message: 'The present comes from the Clock port.',
  },
  {
    selector: "CallExpression[callee.object.name='Date'][callee.property.name='now']",
    message: 'The present comes from the Clock port.',
  },
];
const ENVIRONMENT = {
  selector: "MemberExpression[object.name='process'][property.name='env']",
  message: 'Only src/infrastructure/config/config.ts reads the environment.',
};

/** What the dashboard uses of a browser; the compiler checks how. */
const DASHBOARD_GLOBALS = [
  ...[
    'AbortController',
    'addEventListener',
    'cancelAnimationFrame',
    'clearInterval',
    'clearTimeout',
    'document',
    'Element',
  ],
  ...[
    'fetch',
    'FormData',
    'getSelection',
    'history',
    'HTMLElement',
    'innerHeight',
    'localStorage',
    'location',
    'navigator',
  ],
  ...[
    'performance',
    'removeEventListener',
    'requestAnimationFrame',
    'scrollTo',
    'scrollY',
    'sessionStorage',
    'setInterval',
  ],
  ...['setTimeout', 'TextDecoder', 'URLSearchParams'],
];

export default tseslint.config(
  { ignores: ['**/dist/', 'coverage/', '.sdk/', 'tests/sdk/clients/', '**/generated/'] },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // The compiler asks for process.env['X']; TypeScript's own rule on index signatures decides, not this one.
      '@typescript-eslint/dot-notation': 'off',
      // winston and prom-client declare what their classes make as interfaces, which this takes for forgeries.
      '@typescript-eslint/no-unsafe-class-instance-assignment': 'off',
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': 'error',
    },
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      'no-console': 'error',
      'no-restricted-syntax': ['error', ...CLOCK, ENVIRONMENT],
    },
  },
  { files: ['src/infrastructure/config/config.ts'], rules: { 'no-restricted-syntax': ['error', ...CLOCK] } },
  { files: ['src/adapters/time/clock.ts'], rules: { 'no-restricted-syntax': ['error', ENVIRONMENT] } },
  // Grafana declares some of its enums twice, and its interfaces use the one that it does not export.
  { files: ['scripts/board/*.ts'], rules: { '@typescript-eslint/no-unsafe-enum-assignment': 'off' } },
  { files: ['*.js'], languageOptions: { globals: { process: 'readonly' } } },
  {
    files: ['src/adapters/http/browser/dashboard/*.js'],
    languageOptions: { globals: Object.fromEntries(DASHBOARD_GLOBALS.map((name) => [name, 'readonly'])) },
    rules: { 'no-unused-vars': ['error', { argsIgnorePattern: '^_' }] },
  },
  {
    files: ['src/adapters/http/browser/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        ['crypto', 'document', 'fetch', 'location', 'Redoc', 'SwaggerUIBundle', 'TextEncoder', 'URL'].map((name) => [
          name,
          'readonly',
        ]),
      ),
    },
    rules: { 'no-unused-vars': ['error', { ignoreRestSiblings: true, varsIgnorePattern: '^_' }] },
  },
  {
    files: ['**/*.cjs'],
    languageOptions: {
      globals: Object.fromEntries(
        ['__dirname', 'exports', 'module', 'performance', 'process', 'require'].map((name) => [name, 'readonly']),
      ),
      sourceType: 'commonjs',
    },
  },
  prettier,
);
