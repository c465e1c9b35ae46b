import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface TestCertificates {
  /** PEM. */
  authority: string;
  server: { certificate: string; key: string };
  client: { certificate: string; key: string };
}

/** An authority and two certificates it signed, for 127.0.0.1 and localhost; null where there is no openssl. */
export function testCertificates(): TestCertificates | null {
  const directory = mkdtempSync(join(tmpdir(), 'flash-slim-certificates-'));
  const openssl = (...args: string[]) => spawnSync('openssl', args, { cwd: directory, stdio: 'ignore' }).status === 0;
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  const keyType = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  try {
    writeFileSync(join(directory, 'names'), 'subjectAltName=IP:127.0.0.1,DNS:localhost\n');
    const authority = [
      '-x509',
      ...keyType,
      '-keyout',
      'ca.key',
      '-out',
      'ca.pem',
      '-days',
      '2',
      '-subj',
      '/CN=test authority',
    ];
    if (!openssl('req', ...authority)) return null;
    const issue = (name: string) => {
      openssl('req', ...keyType, '-keyout', `${name}.key`, '-out', `${name}.csr`, '-subj', `/CN=${name}`);
      const by = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names'];
      openssl('x509', '-req', '-in', `${name}.csr`, '-out', `${name}.pem`, ...by);
      return { certificate: read(`${name}.pem`), key: read(`${name}.key`) };
    };
    return { authority: read('ca.pem'), server: issue('server'), client: issue('client') };
  } finally {
    rmSync(directory, { recursive: true });
  }
}
