import { readFileSync } from 'node:fs';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';

/** The manifests of deploy/kubernetes, as far as the tests read them. */

export interface Probe {
  readonly httpGet: { path: string; readonly port: string };
  readonly periodSeconds: number;
  timeoutSeconds: number;
  readonly failureThreshold: number;
}
export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly envFrom: { readonly configMapRef?: { name: string }; readonly secretRef?: { name: string } }[];
  securityContext: Record<string, unknown>;
  readonly resources: { readonly requests: Record<string, string>; limits: Record<string, string> };
  readonly volumeMounts: { readonly name: string; readonly mountPath: string }[];
  readonly ports: { name: string; containerPort: number }[];
  readonly startupProbe: Probe;
  readonly readinessProbe: Probe;
  readonly livenessProbe: Probe;
}
export interface PodSpec {
  terminationGracePeriodSeconds: number;
  securityContext: Record<string, unknown>;
  readonly initContainers: Container[];
  readonly containers: [Container];
  readonly volumes: { readonly name: string }[];
}
export type Labels = Record<string, string>;
export interface Manifests {
  readonly kustomization: {
    readonly resources: string[];
    readonly configMapGenerator: [{ readonly name: string; readonly envs: string[] }];
    readonly secretGenerator: [{ readonly name: string; readonly envs: string[] }];
    readonly images: [{ readonly name: string; newTag: string }];
    readonly namespace: string;
  };
  readonly namespace: { readonly metadata: { readonly name: string; readonly labels: Labels } };
  readonly deployment: {
    readonly spec: {
      replicas: number;
      readonly selector: { readonly matchLabels: Labels };
      readonly strategy: { readonly rollingUpdate: { maxUnavailable: number; maxSurge: number } };
      readonly template: { readonly metadata: { labels: Labels }; readonly spec: PodSpec };
    };
  };
  readonly service: { readonly spec: { readonly selector: Labels; readonly ports: [{ targetPort: string }] } };
  readonly 'disruption-budget': {
    readonly spec: { minAvailable: number; readonly selector: { readonly matchLabels: Labels } };
  };
  readonly 'network-policy': {
    readonly spec: {
      readonly podSelector: { readonly matchLabels: Labels };
      readonly ingress: [{ readonly ports: [{ readonly port: string }] }];
    };
  };
}

const FOLDER = path.resolve(import.meta.dirname, '../../deploy/kubernetes');
export const kubernetesFile = (name: string): string => readFileSync(path.join(FOLDER, name), 'utf8');

/** A separate copy for each caller, with the aliases of the files resolved. */
export function kubernetesManifests(): Manifests {
  const read = (file: string): unknown => JSON.parse(JSON.stringify(parse(kubernetesFile(file))));
  const kustomization = read('kustomization.yaml') as Manifests['kustomization'];
  const resources = kustomization.resources.map((file) => [file.replace('.yaml', ''), read(file)] as const);
  return { kustomization, ...Object.fromEntries(resources) } as Manifests;
}

/** The settings of pods besides their secrets. */
export const kubernetesConfig = (): Record<string, string> =>
  parseEnv(kubernetesFile('config.env')) as Record<string, string>;

/** The names of the secrets, and the comments of the example on their values. */
export const kubernetesSecrets = (): Record<string, string> =>
  parseEnv(kubernetesFile('secret.env.example')) as Record<string, string>;
