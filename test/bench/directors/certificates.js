// Certificates for the members of etcd and for their clients, by an authority of its own.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const openssl = (...args) => execFileSync('openssl', args, { stdio: 'ignore' });
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

export class Authority {
  #folder;

  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    const files = ['-keyout', this.#path('ca-key.pem'), '-out', this.certificate];
    openssl('req', '-x509', ...NEW_KEY, '-subj', '/CN=authority', ...files);
  }

  get certificate() {
    return this.#path('ca.pem');
  }

  /** Issues a certificate for a name that is valid for a day. `address` is that of a member. */
  issue(name, address) {
    const alternative = address === undefined ? `DNS:${name}` : `IP:${address},IP:127.0.0.1`;
    writeFileSync(this.#path(`${name}.extensions`), `subjectAltName=${alternative}\n`);
    const files = ['-keyout', this.#path(`${name}-key.pem`), '-out', this.#path(`${name}.request`)];
    openssl('req', '-new', ...NEW_KEY, '-subj', `/CN=${name}`, ...files);
    this.sign(name, 1);
    return { certificate: this.#path(`${name}.pem`), key: this.#path(`${name}-key.pem`) };
  }

  /** Signs the certificate of a name again. With -1 for `days`, it expired yesterday. */
  sign(name, days) {
    openssl(
      ...['x509', '-req', '-in', this.#path(`${name}.request`), '-days', String(days)],
      ...['-CA', this.certificate, '-CAkey', this.#path('ca-key.pem'), '-CAcreateserial'],
      ...['-extfile', this.#path(`${name}.extensions`), '-out', this.#path(`${name}.pem`)],
    );
  }

  #path(name) {
    return join(this.#folder, name);
  }
}
