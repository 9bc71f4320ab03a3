import { createHash } from 'node:crypto';
import { WireReader } from './wireReader';

/**
 * What a signature would be good for, as far as the data to be signed says. It is the guest's word only in that the guest
 * chose it; the signature is worth nothing for anything else.
 */
export type SignPurpose =
  /** A login over SSH. `hostKey` is there if the signature only counts on the server with that key (its fingerprint). */
  | { kind: 'login'; user: string; service: string; hostKey?: string }
  /** A signature of a file, a commit or a tag (`ssh-keygen -Y sign`, git's gpg.format ssh). */
  | { kind: 'file'; namespace: string }
  /** Neither: nobody can say what it is good for. */
  | { kind: 'unknown'; bytes: number };

/** SSH_MSG_USERAUTH_REQUEST (RFC 4252, section 6). */
const USERAUTH_REQUEST = 50;
/** Session ids are the key exchange's first hash: SHA-1 to SHA-512. */
const SESSION_IDS = new Set([20, 32, 48, 64]);
const NAME_MAX = 256;
/** OpenSSH's PROTOCOL.sshsig. */
const SSHSIG = Buffer.from('SSHSIG');
const HASHES = new Map([
  ['sha256', 32],
  ['sha512', 64],
]);

export function purposeOf(data: Buffer, key: Buffer): SignPurpose {
  for (const parse of [parseLogin, parseFile]) {
    try {
      const purpose = parse(data, key);
      if (purpose) {
        return purpose;
      }
    } catch {
      // Not of this form: the next, or none.
    }
  }
  return { kind: 'unknown', bytes: data.length };
}

/** The public key's fingerprint as `ssh-keygen -l` prints it. */
export function fingerprintOf(blob: Buffer): string {
  return `SHA256:${createHash('sha256').update(blob).digest('base64').replace(/=+$/, '')}`;
}

/** What a login signs (RFC 4252, section 7); with the server's key at its end in OpenSSH's "hostbound" form (PROTOCOL, section 1.8). */
function parseLogin(data: Buffer, key: Buffer): SignPurpose | undefined {
  const reader = new WireReader(data);
  if (!SESSION_IDS.has(reader.string().length) || reader.byte() !== USERAUTH_REQUEST) {
    return undefined;
  }
  const [user, service, method] = [text(reader), text(reader), text(reader)];
  const bound = method === 'publickey-hostbound-v00@openssh.com';
  if (service !== 'ssh-connection' || !(bound || method === 'publickey') || reader.byte() !== 1) {
    return undefined;
  }
  const algorithm = text(reader);
  if (!reader.string().equals(key) || !fits(algorithm, key)) {
    return undefined;
  }
  const hostKey = bound ? fingerprintOf(reader.string()) : undefined;
  reader.end();
  return { kind: 'login', user, service, ...(hostKey !== undefined && { hostKey }) };
}

/** RSA keys sign under the names of their hashes (RFC 8332), certificates of them too. */
function fits(algorithm: string, key: Buffer): boolean {
  const type = text(new WireReader(key));
  return algorithm === type || (type.startsWith('ssh-rsa') && algorithm.startsWith('rsa-sha2-'));
}

function parseFile(data: Buffer): SignPurpose | undefined {
  const reader = new WireReader(data);
  if (!reader.take(SSHSIG.length).equals(SSHSIG)) {
    return undefined;
  }
  const namespace = text(reader);
  const reserved = reader.string();
  const hash = HASHES.get(text(reader));
  const digest = reader.string();
  reader.end();
  return namespace !== '' && reserved.length === 0 && digest.length === hash
    ? { kind: 'file', namespace }
    : undefined;
}

function text(reader: WireReader): string {
  const bytes = reader.string();
  if (bytes.length > NAME_MAX) {
    throw new RangeError('A name that is too long');
  }
  return bytes.toString('utf8');
}
