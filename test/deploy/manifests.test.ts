// deploy/k8s as kubectl renders it: every object is valid by its schema, hardened, and knows nothing that a container would
// refuse. With KUBECONFIG set, a real API server says the same.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { appendFileSync, cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseAllDocuments } from 'yaml';

interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: { template?: { spec: PodSpec } };
}

interface PodSpec {
  securityContext: Record<string, unknown>;
  containers: {
    name: string;
    securityContext: Record<string, unknown>;
    resources: { limits: { memory: string }; requests: { memory: string } };
    envFrom?: { configMapRef?: { name: string }; secretRef?: { name: string } }[];
  }[];
}

const directory = fileURLToPath(new URL('../../deploy/k8s/', import.meta.url));
const kubectl = (args: string[], input?: string) =>
  spawnSync('kubectl', args, { encoding: 'utf8', timeout: 60_000, ...(input !== undefined && { input }) });
const why = kubectl(['kustomize', '--help']).status === 0 ? false : 'no kubectl here';
if (why) console.log(`manifest tests are skipped: ${why}`);

describe('manifests', { skip: why }, () => {
  const copy = mkdtempSync(join(tmpdir(), 'flash-slim-k8s-'));
  after(() => rmSync(copy, { recursive: true }));
  let text = '';
  let objects: Manifest[] = [];

  before(() => {
    // The dev overlay in a copy, with keys of this test's own and io_uring allowed.
    cpSync(directory, copy, { recursive: true });
    const overlay = join(copy, 'overlays/dev');
    appendFileSync(join(overlay, 'kustomization.yaml'), 'components: [../../components/io-uring]\n');
    writeFileSync(join(overlay, 'keys.env'), 'FLASH_SLIM_S3_ACCESS_KEY=a\nFLASH_SLIM_S3_SECRET_KEY=b\n');
    const { status, stdout, stderr } = kubectl(['kustomize', overlay]);
    assert.equal(status, 0, stderr);
    text = stdout;
    objects = parseAllDocuments(stdout).map((document) => document.toJS() as Manifest);
  });

  const pods = () =>
    objects.flatMap(({ kind, metadata: { name }, spec }) =>
      spec?.template === undefined ? [] : [{ kind, name, pod: spec.template.spec }],
    );

  test('render to what is expected', () => {
    const names = objects.map(({ kind, metadata }) => `${kind}/${metadata.name.replace(/-[a-z0-9]{10}$/, '')}`).sort();
    for (const wanted of ['DaemonSet/runtime', 'Deployment/planner', 'Deployment/profiler', 'NetworkPolicy/services'])
      assert.ok(names.includes(wanted), `${wanted} among ${names}`);
    assert.equal(names.filter((name) => name.startsWith('PodDisruptionBudget/')).length, 3);
    for (const { kind, metadata } of objects) if (kind !== 'Namespace') assert.equal(metadata.namespace, 'flash-slim');
  });

  test('every object is valid by its schema', async () => {
    for (const object of objects) {
      const [group, version] = object.apiVersion.includes('/') ? object.apiVersion.split('/') : ['', object.apiVersion];
      const path = `kubernetes-models/${group ? `${group}/` : ''}${version}/${object.kind}`;
      const model = ((await import(path)) as Record<string, new (data: unknown) => { validate(): void }>)[object.kind];
      assert.ok(model, path);
      try {
        new model(object).validate();
      } catch (error) {
        assert.fail(`${object.kind} ${object.metadata.name}: ${(error as Error).message}`);
      }
    }
  });

  test('containers are confined, and limited in memory', () => {
    for (const { kind, name, pod } of pods()) {
      assert.equal(pod.securityContext.runAsNonRoot, true, name);
      assert.ok(pod.securityContext.seccompProfile, name);
      for (const { securityContext, resources } of pod.containers) {
        assert.equal(securityContext.readOnlyRootFilesystem, true, name);
        assert.equal(securityContext.allowPrivilegeEscalation, false, name);
        assert.deepEqual(securityContext.capabilities, { drop: ['ALL'] }, name);
        assert.ok(resources.limits.memory, name);
        // The runtime's budget is its limit: what it asks for must be there.
        if (kind === 'DaemonSet') assert.equal(resources.requests.memory, resources.limits.memory);
      }
    }
  });

  test('settings and keys that pods refer to are there', () => {
    const names = new Set(objects.map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    for (const { name, pod } of pods())
      for (const { envFrom = [] } of pod.containers)
        for (const { configMapRef, secretRef } of envFrom) {
          if (configMapRef) assert.ok(names.has(`ConfigMap/${configMapRef.name}`), name);
          if (secretRef) assert.ok(names.has(`Secret/${secretRef.name}`), name);
        }
  });

  const cluster = process.env.KUBECONFIG ? false : 'KUBECONFIG names no cluster';
  test('a real API server takes them all', { skip: cluster }, () => {
    // Objects in a namespace that is not there yet are refused even by a dry run.
    kubectl(['create', 'namespace', 'flash-slim']);
    const { status, stdout, stderr } = kubectl(['apply', '--server-side', '--dry-run=server', '-f', '-'], text);
    assert.equal(status, 0, stderr);
    assert.equal(stdout.trim().split('\n').length, objects.length, stdout);
  });
});
