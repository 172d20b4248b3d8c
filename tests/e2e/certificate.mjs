import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';

/** A certificate for 127.0.0.1 that signs itself: the paths `{certificate, key}` in the folder. */
export function makeCertificate(folder, name) {
  const certificate = path.join(folder, `${name}.pem`);
  const key = path.join(folder, `${name}-key.pem`);
  const made = spawnSync('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'],
    ...['-days', '2', '-subj', `/CN=${name}`, '-addext', 'subjectAltName=IP:127.0.0.1'],
    ...['-keyout', key, '-out', certificate],
  ]);
  assert.equal(made.status, 0, String(made.stderr));
  return { certificate, key };
}
