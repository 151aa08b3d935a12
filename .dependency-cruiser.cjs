/** Arrows point inward. tests/architecture.test.ts plants a violation of each rule to prove that it bites. */
const ADAPTERS = '^src/adapters/([^/]+)/';

module.exports = {
  forbidden: [
    {
      name: 'domain-depends-on-nothing',
      severity: 'error',
      comment: 'The domain is plain TypeScript: no package, no Node module, no other folder.',
      from: { path: '^src/domain/' },
      to: { pathNot: '^src/domain/' },
    },
    {
      name: 'application-depends-on-domain-only',
      severity: 'error',
      comment: 'Use cases know the domain and their ports.',
      from: { path: '^src/application/' },
      to: { pathNot: '^src/(application|domain)/' },
    },
    {
      name: 'adapters-do-not-see-infrastructure',
      severity: 'error',
      comment: 'What an adapter needs is handed to it by the composition root.',
      from: { path: '^src/adapters/' },
      to: { path: '^src/infrastructure/' },
    },
    {
      name: 'adapters-do-not-see-each-other',
      severity: 'error',
      comment: 'Adapters meet only through ports. The driving adapters and the providers have rules of their own.',
      from: { path: ADAPTERS, pathNot: '^src/adapters/(http|cli|providers)/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/$1/' },
    },
    {
      name: 'cli-sees-only-providers-and-formats',
      severity: 'error',
      comment: 'A command calls use cases, which the composition root gives it: neither HTTP nor persistence.',
      from: { path: '^src/adapters/cli/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/(cli|providers|ndjson)/' },
    },
    {
      name: 'http-sees-only-providers',
      severity: 'error',
      comment:
        'An operation calls use cases, which the composition root gives it: neither the command line nor persistence.',
      from: { path: '^src/adapters/http/' },
      to: { path: '^src/adapters/', pathNot: '^src/adapters/(http|providers)/' },
    },
    {
      name: 'providers-see-domain-ports-and-signature-only',
      severity: 'error',
      comment:
        'A provider is a description: what it maps, how it signs, what it is called. No package, no Node module.',
      from: { path: '^src/adapters/providers/' },
      to: { pathNot: '^src/(domain|application/ports|adapters/(providers|signature))/' },
    },
    {
      name: 'providers-do-not-see-each-other',
      severity: 'error',
      comment: 'A provider is one folder. What two of them share lies beside the folders.',
      from: { path: '^src/adapters/providers/([^/]+)/' },
      to: { path: '^src/adapters/providers/[^/]+/', pathNot: '^src/adapters/providers/$1/' },
    },
    {
      name: 'contract-types-stay-in-http',
      severity: 'error',
      comment: 'The wire format is the business of the HTTP adapter.',
      from: { path: '^src/', pathNot: '^src/adapters/http/' },
      to: { path: '^src/adapters/http/contract/(generated/|types\\.ts$)' },
    },
    {
      name: 'only-persistence-knows-sql',
      severity: 'error',
      comment: 'Knex and the drivers stay in persistence; infrastructure opens databases through its functions.',
      from: { path: '^src/', pathNot: '^src/adapters/persistence/' },
      to: { path: '(^|/)node_modules/(@types/)?(knex|better-sqlite3|pg)/' },
    },
    {
      name: 'databases-do-not-see-each-other',
      severity: 'error',
      comment: 'What SQLite and PostgreSQL share lies in the other folders of persistence.',
      from: { path: '^src/adapters/persistence/(sqlite|postgres)/' },
      to: { path: '^src/adapters/persistence/(sqlite|postgres)/', pathNot: '^src/adapters/persistence/$1/' },
    },
    {
      name: 'shared-persistence-names-no-driver',
      severity: 'error',
      comment: 'The shared folders get a connection and a dialect; only sqlite and postgres know their driver.',
      from: { path: '^src/adapters/persistence/', pathNot: '^src/adapters/persistence/(sqlite|postgres)/' },
      to: {
        path: '^src/adapters/persistence/(sqlite|postgres)/|(^|/)node_modules/(@types/)?(better-sqlite3|pg)/',
      },
    },
    {
      name: 'production-does-not-see-tests',
      severity: 'error',
      comment: 'What ships runs without tests, scripts and development packages.',
      from: { path: '^src/' },
      to: { path: '^(tests|scripts|bench)/' },
    },
    {
      name: 'client-stands-alone',
      severity: 'error',
      comment: 'It is published without the service, and runs in browsers: it has its own files and one package.',
      from: { path: '^clients/typescript/src/' },
      to: { pathNot: '^clients/typescript/src/|(^|/)node_modules/openapi-fetch/' },
    },
    {
      name: 'no-cycles',
      severity: 'error',
      comment: 'A cycle is one module that pretends to be two.',
      from: { path: '^(clients/typescript/)?src/' },
      to: { circular: true },
    },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'Code that nobody reaches is dead. Entry points and migrations are reached by name; a fake, by tests.',
      from: {
        orphan: true,
        path: '^(clients/typescript/)?src/',
        pathNot: '^src/(infrastructure/(main|cli)|adapters/persistence/schema/migrations/[0-9_a-z]+)\\.ts$',
      },
      to: {},
    },
  ],
  options: {
    tsPreCompilationDeps: true, // or imports of types alone go unseen
    tsConfig: { fileName: 'tsconfig.json' },
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/adapters/http/browser/' }, // loaded by pages, not by modules
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'require', 'node', 'default', 'types'],
    },
  },
};
