import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A certificate for 127.0.0.1, with an authority of its own. It can be replaced. */
export class Certificate {
  readonly #folder = mkdtempSync(join(tmpdir(), 'ipvstate-certificate-'));
  readonly cert = join(this.#folder, 'cert.pem');
  readonly key = join(this.#folder, 'key.pem');
  readonly ca = join(this.#folder, 'ca.pem');
  readonly #caKey = join(this.#folder, 'ca-key.pem');
  readonly #request = join(this.#folder, 'request.pem');
  readonly #extensions = join(this.#folder, 'extensions');

  constructor() {
    writeFileSync(this.#extensions, 'subjectAltName=IP:127.0.0.1\n');
    const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
    const authority = ['-subj', '/CN=authority', '-keyout', this.#caKey, '-out', this.ca];
    openssl('req', '-x509', ...newKey, ...authority);
    const member = ['-subj', '/CN=127.0.0.1', '-keyout', this.key, '-out', this.#request];
    openssl('req', '-new', ...newKey, ...member);
    this.renew();
  }

  /** Writes a certificate that is valid for a day. */
  renew(): void {
    this.#sign('1');
  }

  /** Writes a certificate that was valid until yesterday. */
  expire(): void {
    this.#sign('-1');
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #sign(days: string): void {
    const authority = ['-CA', this.ca, '-CAkey', this.#caKey, '-CAcreateserial'];
    const extensions = ['-extfile', this.#extensions, '-days', days];
    openssl('x509', '-req', '-in', this.#request, ...authority, ...extensions, '-out', this.cert);
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
