import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from '@jest/globals';
import { Deployment } from 'kubernetes-models/apps/v1/Deployment';
import { NetworkPolicy } from 'kubernetes-models/networking.k8s.io/v1/NetworkPolicy';
import { PodDisruptionBudget } from 'kubernetes-models/policy/v1/PodDisruptionBudget';
import { Namespace } from 'kubernetes-models/v1/Namespace';
import { Service } from 'kubernetes-models/v1/Service';
import ts from 'typescript';
import { parse } from 'yaml';
import { describeVariables, readConfig } from '../../src/infrastructure/config/config.ts';
import { parseDockerfile } from '../support/dockerfile.ts';
import {
  kubernetesConfig,
  kubernetesManifests,
  kubernetesSecrets,
  type Manifests,
} from '../support/kubernetes-manifests.ts';

const file = (name: string) => readFileSync(new URL(`../../${name}`, import.meta.url), 'utf8');

/** The models of Kubernetes check values, but accept unknown members; its types know all members. */
const MODELS = {
  namespace: { module: 'v1/Namespace', model: Namespace },
  deployment: { module: 'apps/v1/Deployment', model: Deployment },
  service: { module: 'v1/Service', model: Service },
  'disruption-budget': { module: 'policy/v1/PodDisruptionBudget', model: PodDisruptionBudget },
  'network-policy': { module: 'networking.k8s.io/v1/NetworkPolicy', model: NetworkPolicy },
} as const;
type Name = keyof typeof MODELS;
const NAMES = Object.keys(MODELS) as Name[];

/** The complaints of the types of Kubernetes' API about a manifest. */
function misfits(manifests: Partial<Record<Name, unknown>>): string[] {
  const name = fileURLToPath(new URL('manifests.ts', import.meta.url));
  const source = Object.entries(manifests)
    .map(([which, manifest], i) => {
      const { module } = MODELS[which as Name];
      const type = `I${module.split('/').at(-1) ?? ''}`;
      return `import type { ${type} } from 'kubernetes-models/${module}';
        export const manifest${String(i)}: ${type} = ${JSON.stringify(manifest)};`;
    })
    .join('\n');
  const options: ts.CompilerOptions = {
    ...{ module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, strict: true, noEmit: true },
    ...{ skipLibCheck: true, types: [] },
  };
  const host = ts.createCompilerHost(options);
  const fileExists = host.fileExists.bind(host);
  const readFile = host.readFile.bind(host);
  host.fileExists = (path) => path === name || fileExists(path);
  host.readFile = (path) => (path === name ? source : readFile(path));
  return ts
    .getPreEmitDiagnostics(ts.createProgram([name], options, host))
    .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n'));
}

const pod = ({ deployment }: Manifests) => deployment.spec.template.spec;
const containers = (manifests: Manifests) => [...pod(manifests).initContainers, ...pod(manifests).containers];
const config = () => readConfig({ ...kubernetesConfig(), DATABASE_URL: kubernetesSecrets()['DATABASE_URL'] });
const image = () => parseDockerfile(file('Dockerfile')).at(-1)?.instructions ?? [];
const imageHas = (name: string) => image().findLast((instruction) => instruction.name === name)?.args ?? '';
const labels = (manifests: Manifests) => JSON.stringify(manifests.deployment.spec.template.metadata.labels);

describe('deploy/kubernetes', () => {
  let manifests: Manifests;
  beforeAll(() => {
    manifests = kubernetesManifests();
  });

  it('has values that the API of Kubernetes accepts', () => {
    expect(manifests.kustomization.resources).toEqual(expect.arrayContaining(NAMES.map((name) => `${name}.yaml`)));
    for (const name of NAMES) {
      const { model } = MODELS[name];
      expect(() => {
        new model(manifests[name] as never).validate();
      }).not.toThrow();
    }
    const changed = kubernetesManifests();
    Object.assign(changed.deployment.spec.template.spec.containers[0].ports[0] ?? {}, { containerPort: 'http' });
    expect(() => {
      new Deployment(changed.deployment as never).validate();
    }).toThrow(/containerPort must be integer/);
  });

  it('has only members that the API of Kubernetes knows', () => {
    expect(misfits(Object.fromEntries(NAMES.map((name) => [name, manifests[name]])))).toEqual([]);
    const changed = JSON.parse(
      JSON.stringify(manifests.deployment).replace('readinessProbe', 'readinessProb'),
    ) as unknown;
    expect(misfits({ deployment: changed })).toEqual([expect.stringMatching(/"readinessProb"' does not exist/)]);
  });

  /** The properties that make it safe and its numbers consistent, each with a change that would break it. */
  const rules: Record<string, { holds: (manifests: Manifests) => boolean; broken: (manifests: Manifests) => void }> = {
    'all select the same pods': {
      holds: (all) =>
        [
          all.deployment.spec.selector.matchLabels,
          all.service.spec.selector,
          all['disruption-budget'].spec.selector.matchLabels,
          all['network-policy'].spec.podSelector.matchLabels,
        ].every((selected) => JSON.stringify(selected) === labels(all)),
      broken: ({ deployment }) => (deployment.spec.template.metadata.labels = { 'app.kubernetes.io/name': 'other' }),
    },
    'a pod is replaced only when another is ready': {
      holds: ({ deployment: { spec } }) =>
        spec.strategy.rollingUpdate.maxUnavailable === 0 && spec.strategy.rollingUpdate.maxSurge > 0,
      broken: ({ deployment: { spec } }) => (spec.strategy.rollingUpdate.maxUnavailable = 1),
    },
    'a node can be drained, and one pod that fails meanwhile leaves one': {
      holds: (all) => {
        const { replicas } = all.deployment.spec;
        const { minAvailable } = all['disruption-budget'].spec;
        return replicas - minAvailable === 1 && minAvailable >= 2;
      },
      broken: ({ deployment: { spec } }) => (spec.replicas = 2),
    },
    'it is given the time that it needs to stop in order': {
      holds: (all) => {
        const { shutdownDelayMs, shutdownTimeoutMs } = config();
        return pod(all).terminationGracePeriodSeconds * 1_000 >= shutdownDelayMs + shutdownTimeoutMs + 10_000;
      },
      broken: (all) => (pod(all).terminationGracePeriodSeconds = 30),
    },
    'traffic goes elsewhere before it stops: not ready is noticed within the delay': {
      holds: (all) => {
        const { periodSeconds, failureThreshold } = pod(all).containers[0].readinessProbe;
        return periodSeconds * failureThreshold * 1_000 < config().shutdownDelayMs;
      },
      broken: (all) => Object.assign(pod(all).containers[0].readinessProbe, { periodSeconds: 10 }),
    },
    'probes ask what the contract has, ready for traffic and live for life': {
      holds: (all) => {
        const { paths } = parse(file('api/openapi.yaml')) as { paths: Record<string, { get?: unknown }> };
        const { startupProbe, readinessProbe, livenessProbe } = pod(all).containers[0];
        const asked = [startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.path);
        return (
          asked.join() === '/health/live,/health/ready,/health/live' &&
          asked.every((path) => paths[path]?.get !== undefined)
        );
      },
      broken: (all) => (pod(all).containers[0].livenessProbe.httpGet.path = '/health/ready'),
    },
    'a readiness that waits for the database is waited for': {
      // watching-writes.ts gives up after 2 s.
      holds: (all) => pod(all).containers[0].readinessProbe.timeoutSeconds > 2,
      broken: (all) => (pod(all).containers[0].readinessProbe.timeoutSeconds = 1),
    },
    'everybody means the port that the image listens on': {
      holds: (all) => {
        const { ports, startupProbe, readinessProbe, livenessProbe } = pod(all).containers[0];
        const named = ports.find(({ containerPort }) => String(containerPort) === imageHas('EXPOSE'))?.name;
        return [
          ...[startupProbe, readinessProbe, livenessProbe].map(({ httpGet }) => httpGet.port),
          all.service.spec.ports[0].targetPort,
          all['network-policy'].spec.ingress[0].ports[0].port,
        ].every((port) => port === named);
      },
      broken: (all) => ((pod(all).containers[0].ports[0] as { containerPort: number }).containerPort = 80),
    },
    'the user is the one of the image': {
      holds: (all) => {
        const { runAsUser, runAsGroup, runAsNonRoot } = pod(all).securityContext;
        return runAsNonRoot === true && `${String(runAsUser)}:${String(runAsGroup)}` === imageHas('USER');
      },
      broken: (all) => (pod(all).securityContext['runAsUser'] = 1001),
    },
    'containers have no right but the restricted ones': {
      holds: (all) =>
        (pod(all).securityContext['seccompProfile'] as { type: string }).type === 'RuntimeDefault' &&
        all.namespace.metadata.labels['pod-security.kubernetes.io/enforce'] === 'restricted' &&
        containers(all).every(
          ({ securityContext }) =>
            JSON.stringify(securityContext) ===
            '{"allowPrivilegeEscalation":false,"readOnlyRootFilesystem":true,"capabilities":{"drop":["ALL"]}}',
        ),
      broken: (all) => (pod(all).containers[0].securityContext['readOnlyRootFilesystem'] = false),
    },
    'what they write to is a bounded /tmp': {
      holds: (all) =>
        containers(all).every(({ volumeMounts }) => volumeMounts.map(({ mountPath }) => mountPath).join() === '/tmp') &&
        JSON.stringify(pod(all).volumes) === '[{"name":"tmp","emptyDir":{"medium":"Memory","sizeLimit":"16Mi"}}]',
      broken: (all) => pod(all).volumes.push({ name: 'host', hostPath: { path: '/' } } as { name: string }),
    },
    'memory is limited, as it is in docker-compose.yml': {
      holds: (all) => {
        const { 'x-service': compose } = parse(file('docker-compose.yml'), { merge: true }) as {
          'x-service': { mem_limit: string };
        };
        return containers(all).every(
          ({ resources }) => resources.limits['memory'] === compose.mem_limit.replace('m', 'Mi'),
        );
      },
      broken: (all) => (pod(all).containers[0].resources.limits = {}),
    },
    'every container gets the settings and the secrets that kustomize makes': {
      holds: (all) => {
        const [{ name: settings }] = all.kustomization.configMapGenerator;
        const [{ name: secrets }] = all.kustomization.secretGenerator;
        const expected = JSON.stringify([{ configMapRef: { name: settings } }, { secretRef: { name: secrets } }]);
        return containers(all).every(({ envFrom }) => JSON.stringify(envFrom) === expected);
      },
      broken: (all) => pod(all).initContainers[0]?.envFrom.pop(),
    },
    'every container runs the image that kustomize names, in the version of this folder': {
      holds: (all) => {
        const [{ name, newTag }] = all.kustomization.images;
        const { version } = JSON.parse(file('package.json')) as { version: string };
        return newTag === version && containers(all).every((container) => container.image === name);
      },
      broken: ({ kustomization }) => (kustomization.images[0].newTag = 'latest'),
    },
    'a pod migrates before it serves, with what the build compiles, and does not when it does': {
      holds: (all) =>
        pod(all).initContainers[0]?.command?.join(' ') ===
          'node --enable-source-maps dist/infrastructure/cli.js migrate latest' && !config().migrateOnStart,
      broken: (all) => pod(all).initContainers.pop(),
    },
  };

  it.each(Object.entries(rules))('%s', (_, rule) => {
    expect(rule.holds(manifests)).toBe(true);
  });

  it.each(Object.entries(rules))('detects a change that breaks it: %s', (_, rule) => {
    const changed = kubernetesManifests();
    rule.broken(changed);
    expect(rule.holds(changed)).toBe(false);
  });

  it('sets existing variables to valid values, and contains no secret', () => {
    const known = describeVariables().map(({ name }) => name);
    const names = [...Object.keys(kubernetesConfig()), ...Object.keys(kubernetesSecrets())];
    expect(names.filter((name) => !known.includes(name))).toEqual([]);
    expect(config()).toMatchObject({ database: { engine: 'postgres' }, migrateOnStart: false });
    expect(Object.keys(kubernetesConfig()).filter((name) => /SECRET|KEY|TOKEN|DATABASE_URL/.test(name))).toEqual([]);
    const { WEBHOOK_SECRET: secret, READ_API_KEYS: keys } = kubernetesSecrets();
    expect([secret, keys]).toEqual(['', '']);
    expect(file('.gitignore').split('\n')).toContain('secret.env');
    expect(manifests.kustomization.secretGenerator[0].envs).toEqual(['secret.env']);
  });
});
