import { describe, expect, it } from 'vitest';
import { manifestFiles, manifestsIn, textOf, yamlOf } from './files.ts';
import { type Environment, expectCommandTakes } from './settings.ts';

const folder = 'deploy/kubernetes';
const folders = ['', '/keda', '/gpu', '/ingress', '/monitoring'].map((name) => `${folder}${name}`);

type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: object | null }[];
  readonly envFrom: readonly Readonly<Record<string, { readonly name: string }>>[];
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[];
  readonly securityContext: unknown;
  readonly resources: { readonly limits: Labels; readonly requests: Labels };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly livenessProbe?: Probe;
  readonly readinessProbe?: Probe;
  readonly startupProbe?: Probe;
}
interface Deployment {
  readonly selector: { readonly matchLabels: Labels };
  readonly template: {
    readonly metadata: { readonly labels: Labels };
    readonly spec: {
      readonly securityContext: unknown;
      readonly terminationGracePeriodSeconds: number;
      readonly automountServiceAccountToken: boolean;
      readonly containers: readonly Container[];
      readonly volumes: readonly {
        readonly name: string;
        readonly persistentVolumeClaim?: { readonly claimName: string };
      }[];
    };
  };
}
interface Kustomization {
  readonly resources?: readonly string[];
  readonly patches?: readonly {
    readonly path?: string;
    readonly target?: { readonly kind: string; readonly name: string };
  }[];
  readonly images?: readonly { readonly name: string }[];
  readonly configMapGenerator?: readonly { readonly name: string; readonly literals: readonly string[] }[];
}

const manifests = manifestsIn(folder);
const scaling = manifestsIn(`${folder}/keda`);
const kustomization = yamlOf<Kustomization>(`${folder}/kustomization.yaml`);
const named = <T>(kind: string, name: string, among = manifests): T =>
  among.find((one) => one.kind === kind && one.metadata.name === name)?.spec as T;
const deployments = manifests
  .filter(({ kind }) => kind === 'Deployment')
  .map(({ metadata, spec }) => [metadata.name, spec as Deployment] as const);
const containerOf = ({ template }: Deployment): Container => template.spec.containers[0]!;
const connections: Environment = {
  ARMATURE_POSTGRES_URL: 'postgres://user:password@database.example/armature',
  ARMATURE_REDIS_URL: 'redis://queue.example:6379',
};

/** What a container finds in its environment, but for fields of its own pod. */
function environmentOf({ env, envFrom }: Container): Environment {
  const maps = envFrom.flatMap(({ configMapRef }) => configMapRef?.name ?? []);
  const literals = maps.flatMap((map) => kustomization.configMapGenerator!.find(({ name }) => name === map)!.literals);
  const secrets = envFrom.flatMap(({ secretRef }) => secretRef?.name ?? []);
  expect(secrets).toEqual(['armature-connections']);
  return Object.fromEntries([
    ...literals.map((literal) => literal.split('=')),
    ...Object.entries(connections),
    ...env.map(({ name, value, valueFrom }) => [name, value ?? givenElsewhere(valueFrom)]),
  ]) as Environment;
}

/** A secret, or a number of cores, which Kubernetes rounds up. */
function givenElsewhere(source: Container['env'][number]['valueFrom']): string {
  if (source === undefined || source === null) return '';
  return 'secretKeyRef' in source ? '0123456789abcdef'.repeat(3) : '4';
}

describe.each(folders)('the kustomization of %s', (each) => {
  it('names every file beside it', () => {
    const { resources = [], patches = [] } = yamlOf<Kustomization>(`${each}/kustomization.yaml`);
    const patchFiles = patches.flatMap(({ path }) => path ?? []);
    expect([...resources, ...patchFiles].toSorted()).toEqual(manifestFiles(each).toSorted());
  });
});

describe.each(deployments)('Deployment %s', (name, deployment) => {
  const { selector, template } = deployment;
  const container = containerOf(deployment);

  it('selects its own pods and no others', () => {
    expect(template.metadata.labels).toMatchObject(selector.matchLabels);
    const others = deployments.filter(([other]) => other !== name);
    for (const [, other] of others) expect(other.selector.matchLabels).not.toEqual(selector.matchLabels);
  });

  it('runs a command with settings that it takes', async () => {
    await expectCommandTakes(container.args, environmentOf(container));
  });

  it('may do nothing that it need not', () => {
    expect(template.spec.securityContext).toMatchObject({
      runAsNonRoot: true,
      runAsUser: 1000,
      fsGroup: 1000,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    });
    expect(template.spec.automountServiceAccountToken).toBe(false);
    expect(textOf('Dockerfile')).toContain('USER 1000:1000');
  });

  it('mounts the shared data where the image looks for it', () => {
    expect(container.volumeMounts).toContainEqual({ name: 'data', mountPath: '/data' });
    const claim = template.spec.volumes.find((volume) => volume.name === 'data')?.persistentVolumeClaim?.claimName;
    expect(named('PersistentVolumeClaim', claim ?? '')).toMatchObject({ accessModes: ['ReadWriteMany'] });
  });

  it('takes its image from the kustomization, bounds its memory and has time to end', () => {
    expect(kustomization.images?.map((image) => image.name)).toContain(container.image);
    expect(container.resources.limits['memory']).toBeDefined();
    expect(template.spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(30);
  });

  it('is spared by a PodDisruptionBudget, and shut off by a NetworkPolicy', () => {
    expect(named('PodDisruptionBudget', name)).toMatchObject({ selector });
    expect(named('NetworkPolicy', name)).toMatchObject({ podSelector: selector, policyTypes: ['Ingress'] });
  });
});

describe('the api', () => {
  const container = containerOf(named<Deployment>('Deployment', 'armature-api'));

  it('is asked at its own port whether it lives and whether it can work', () => {
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.startupProbe?.httpGet).toEqual({ path: '/livez', port: 'http' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'http' });
    expect(container.ports).toEqual([{ name: 'http', containerPort: 7860 }]);
    expect(textOf('Dockerfile')).toContain('ARMATURE_PORT=7860');
  });

  it('is what the Service leads to', () => {
    const { selector } = named<Deployment>('Deployment', 'armature-api');
    expect(named('Service', 'armature-api')).toEqual({
      selector: selector.matchLabels,
      ports: [{ name: 'http', port: 80, targetPort: 'http' }],
    });
  });

  it('asks for a key, the first of which comes from a Secret that workers do not get', () => {
    const key = 'ARMATURE_ADMIN_KEY';
    const valueFrom = { secretKeyRef: { name: 'armature-admin', key } };
    expect(container.env).toContainEqual({ name: key, valueFrom });
    const others = deployments.filter(([name]) => name !== 'armature-api').map(([, each]) => containerOf(each));
    expect(others.flatMap(({ env }) => env).filter(({ name }) => name === key)).toEqual([]);
  });

  it('answers nobody but two namespaces that are named, since it has no TLS', () => {
    const policy = named<{ ingress: readonly { from: readonly unknown[] }[] }>('NetworkPolicy', 'armature-api');
    expect(policy.ingress.flatMap(({ from }) => from)).toEqual(
      ['ingress-nginx', 'monitoring'].map((name) => ({
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } },
      })),
    );
  });

  it('is what the Ingress leads to', () => {
    const { rules } = named<{
      rules: readonly { http: { paths: readonly { backend: { service: unknown } }[] } }[];
    }>('Ingress', 'armature', manifestsIn(`${folder}/ingress`));
    const services = rules.flatMap(({ http }) => http.paths.map(({ backend }) => backend.service));
    expect(services).toEqual([{ name: 'armature-api', port: { name: 'http' } }]);
  });
});

describe('monitoring', () => {
  const monitors = manifestsIn(`${folder}/monitoring`);

  it('scrapes the api at its Service, with the key that the api knows', () => {
    const { selector, endpoints } = named<{ selector: { matchLabels: Labels }; endpoints: readonly object[] }>(
      'ServiceMonitor',
      'armature-api',
      monitors,
    );
    const service = manifests.find(({ kind, metadata }) => kind === 'Service' && metadata.name === 'armature-api');
    expect(service?.metadata).toMatchObject({ labels: selector.matchLabels });
    const credentials = { name: 'armature-admin', key: 'ARMATURE_ADMIN_KEY' };
    expect(endpoints).toMatchObject([{ port: 'http', path: '/metrics', authorization: { credentials } }]);
  });

  it('scrapes the workers at their metrics port', () => {
    const { template } = named<Deployment>('Deployment', 'armature-worker');
    const spec = { selector: { matchLabels: template.metadata.labels }, podMetricsEndpoints: [{ port: 'metrics' }] };
    expect(named('PodMonitor', 'armature-worker', monitors)).toMatchObject(spec);
  });
});

describe('the worker', () => {
  const container = containerOf(named<Deployment>('Deployment', 'armature-worker'));

  it('is asked at its metrics port, as Prometheus may do too', () => {
    expect(container.livenessProbe?.httpGet).toEqual({ path: '/livez', port: 'metrics' });
    expect(container.readinessProbe?.httpGet).toEqual({ path: '/readyz', port: 'metrics' });
    expect(container.ports).toEqual([{ name: 'metrics', containerPort: 9464 }]);
    expect(container.env).toContainEqual({ name: 'ARMATURE_METRICS_PORT', value: '9464' });
    const policy = named<{ ingress: unknown }>('NetworkPolicy', 'armature-worker');
    expect(policy.ingress).toMatchObject([{ ports: [{ port: 'metrics' }] }]);
  });
});

describe('the worker on GPUs', () => {
  const patch = manifestsIn(`${folder}/gpu`)[0]!;
  const worker = containerOf(named<Deployment>('Deployment', 'armature-worker'));
  const container = containerOf(patch.spec as Deployment);

  it('is a patch of the worker', () => {
    expect([patch.kind, patch.metadata.name]).toEqual(['Deployment', 'armature-worker']);
    expect(container).toMatchObject({ name: 'worker', image: 'armature-gpu' });
    expect(container.resources.limits['nvidia.com/gpu']).toBe('1');
  });

  it('changes settings that the worker takes', async () => {
    const changed = Object.fromEntries(container.env.map(({ name, value }) => [name, value ?? ''])) as Environment;
    await expectCommandTakes(worker.args, changed);
    expect(changed).toMatchObject({ ARMATURE_PROVIDER: 'cuda' });
  });
});

describe('scaling', () => {
  it('scales the worker, whose number is left to it', () => {
    expect(named('ScaledObject', 'armature-worker', scaling)).toMatchObject({
      scaleTargetRef: { name: 'armature-worker' },
    });
    const { patches } = yamlOf<Kustomization>(`${folder}/keda/kustomization.yaml`);
    expect(patches?.map(({ target }) => target)).toEqual([{ kind: 'Deployment', name: 'armature-worker' }]);
  });

  it('asks the database that the service has', () => {
    const { triggers } = named<{ triggers: readonly { authenticationRef: { name: string } }[] }>(
      'ScaledObject',
      'armature-worker',
      scaling,
    );
    for (const { authenticationRef } of triggers) {
      expect(named('TriggerAuthentication', authenticationRef.name, scaling)).toEqual({
        secretTargetRef: [{ parameter: 'connection', name: 'armature-connections', key: 'ARMATURE_POSTGRES_URL' }],
      });
    }
  });
});
