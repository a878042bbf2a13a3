import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { type Manifest, manifestsIn, textOf, yamlOf } from './files.ts';

/** Made by test/deploy/schemas/make.py. */
interface SchemaFile {
  readonly kinds: Readonly<Record<string, object>>;
  readonly definitions?: object;
}

const files = ['kubernetes', 'keda', 'prometheus'].map(
  (name) => JSON.parse(textOf(`test/deploy/schemas/${name}.json`)) as SchemaFile,
);
const ajv = new Ajv({ allErrors: true, allowUnionTypes: true });

/** What is wrong with a manifest by the schema of its kind, a line each. A patch need not say all that its kind asks for. */
function faultsOf(manifest: Manifest, { patch = false } = {}): readonly string[] {
  const kind = `${manifest.apiVersion} ${manifest.kind}`;
  const file = files.find(({ kinds }) => kind in kinds);
  if (file === undefined) return [`There is no schema of ${kind}: add it to test/deploy/schemas/make.py.`];
  ajv.validate({ ...file.kinds[kind], definitions: file.definitions ?? {} }, manifest);
  const errors = (ajv.errors ?? []).filter(({ keyword }) => !patch || keyword !== 'required');
  return errors.map(({ instancePath, message, params }) => [instancePath, message, JSON.stringify(params)].join(' '));
}

const folders = ['', '/keda', '/gpu', '/ingress', '/monitoring'].map((name) => `deploy/kubernetes${name}`);
const manifests = folders.flatMap((folder) =>
  manifestsIn(folder).map((manifest) => [`${manifest.kind} ${manifest.metadata.name}`, folder, manifest] as const),
);
const ofKind = (wanted: string): Manifest => manifests.find(([, , { kind }]) => kind === wanted)![2];

describe('the schema of its kind', () => {
  it.each(manifests)('is kept by %s of %s', (_name, folder, manifest) => {
    expect(faultsOf(manifest, { patch: folder.endsWith('/gpu') })).toEqual([]);
  });

  it('refuses an unknown field, a wrong type and a field that is missing', () => {
    const deployment = ofKind('Deployment');
    const spec = deployment.spec as Readonly<Record<string, unknown>>;
    expect(faultsOf({ ...deployment, spec: { ...spec, replica: 1 } })).toHaveLength(1);
    expect(faultsOf({ ...deployment, spec: { ...spec, replicas: 'two' } })).toHaveLength(1);
    expect(faultsOf({ ...deployment, spec: { ...spec, selector: undefined } })).toHaveLength(1);
    const scaled = ofKind('ScaledObject');
    expect(faultsOf({ ...scaled, spec: { ...(scaled.spec as object), maxReplicas: 2 } })).toHaveLength(1);
  });
});

it('the kustomizations are of the kinds that kustomize knows', () => {
  const kinds = folders.map((folder) => yamlOf<Manifest>(`${folder}/kustomization.yaml`).kind);
  expect(kinds).toEqual(['Kustomization', ...folders.slice(1).map(() => 'Component')]);
});
