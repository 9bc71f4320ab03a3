import { createPrivateKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { BulkheadError } from '../core/errors';

/**
 * Ed25519 keys in OpenSSH's formats. node:crypto makes the keys (ssh2's own `generateKeyPairSync` makes an
 * unusable one in about 0.5 % of calls); only the encoding is ours.
 */
export interface Ed25519Key {
  /** 32 bytes. */
  seed: Buffer;
  /** 32 bytes. */
  publicKey: Buffer;
}

const TYPE = 'ssh-ed25519';
/** First bytes of the format "openssh-key-v1" (OpenSSH's PROTOCOL.key, section 1). */
const MAGIC = Buffer.from('openssh-key-v1\0');
const BEGIN = '-----BEGIN OPENSSH PRIVATE KEY-----';
const END = '-----END OPENSSH PRIVATE KEY-----';
/** Padding block of an unencrypted key (cipher "none"). */
const BLOCK = 8;
/** DER before the 32 seed bytes of a PKCS#8 Ed25519 key (RFC 8410, section 7). */
const PKCS8_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');

export function generateEd25519(): Ed25519Key {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { d, x } = privateKey.export({ format: 'jwk' });
  const seed = Buffer.from(d ?? '', 'base64url');
  const publicKey = Buffer.from(x ?? '', 'base64url');
  if (seed.length !== 32 || publicKey.length !== 32) {
    throw new BulkheadError('node:crypto made an Ed25519 key of an unexpected size.');
  }
  return { seed, publicKey };
}

/** The public key blob of RFC 8709, section 4: `string "ssh-ed25519"`, `string key`. */
export function publicKeyBlob(key: Ed25519Key): Buffer {
  return Buffer.concat([sshString(TYPE), sshString(key.publicKey)]);
}

/** One line as in `authorized_keys` and `*.pub`, without a newline. */
export function publicKeyLine(key: Ed25519Key, comment: string): string {
  return `${TYPE} ${publicKeyBlob(key).toString('base64')} ${checkComment(comment)}`;
}

/** One line as in `known_hosts`, without a newline. */
export function knownHostsLine(key: Ed25519Key, alias: string): string {
  return `${checkComment(alias)} ${TYPE} ${publicKeyBlob(key).toString('base64')}`;
}

/** Private key file text that OpenSSH and ssh2 read (PROTOCOL.key: unencrypted, one key). */
export function privateKeyText(key: Ed25519Key, comment: string): string {
  const check = randomBytes(4);
  const section = Buffer.concat([
    check,
    check,
    sshString(TYPE),
    sshString(key.publicKey),
    sshString(Buffer.concat([key.seed, key.publicKey])),
    sshString(checkComment(comment)),
  ]);
  const padding = Buffer.from(
    Array.from({ length: (BLOCK - (section.length % BLOCK)) % BLOCK }, (_, index) => index + 1),
  );
  const body = Buffer.concat([
    MAGIC,
    sshString('none'),
    sshString('none'),
    sshString(''),
    uint32(1),
    sshString(publicKeyBlob(key)),
    sshString(Buffer.concat([section, padding])),
  ]).toString('base64');
  return `${BEGIN}\n${body.replace(/.{1,70}/g, '$&\n')}${END}\n`;
}

/** Reads back what `privateKeyText` wrote, and nothing else. Throws if it is damaged. */
export function parsePrivateKeyText(text: string): Ed25519Key {
  const lines = text.trim().split(/\r?\n/);
  if (lines[0] !== BEGIN || lines.at(-1) !== END) {
    throw damaged();
  }
  const reader = new Reader(Buffer.from(lines.slice(1, -1).join(''), 'base64'));
  if (!reader.take(MAGIC.length).equals(MAGIC)) {
    throw damaged();
  }
  const plain = [reader.string(), reader.string(), reader.string()].map(String);
  if (plain.join(',') !== 'none,none,' || reader.take(4).readUInt32BE() !== 1) {
    throw damaged();
  }
  reader.string();
  const section = new Reader(reader.string());
  const checks = section.take(8);
  const type = section.string().toString();
  const publicKey = section.string();
  const secret = section.string();
  const seed = secret.subarray(0, 32);
  if (!checks.subarray(0, 4).equals(checks.subarray(4)) || type !== TYPE || secret.length !== 64) {
    throw damaged();
  }
  const derived = createPrivateKey({
    key: Buffer.concat([PKCS8_PREFIX, seed]),
    format: 'der',
    type: 'pkcs8',
  }).export({ format: 'jwk' });
  if (!publicKey.equals(Buffer.from(derived.x ?? '', 'base64url'))) {
    throw damaged();
  }
  return { seed: Buffer.from(seed), publicKey: Buffer.from(publicKey) };
}

class Reader {
  private at = 0;
  constructor(private readonly bytes: Buffer) {}

  take(length: number): Buffer {
    if (length > this.bytes.length - this.at) {
      throw damaged();
    }
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }

  string(): Buffer {
    return this.take(this.take(4).readUInt32BE());
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** `string` of RFC 4251, section 5. */
function sshString(value: string | Buffer): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([uint32(bytes.length), bytes]);
}

function checkComment(comment: string): string {
  if (!/^[A-Za-z0-9@._-]*$/.test(comment)) {
    throw new BulkheadError(`Not a key comment or host alias: ${JSON.stringify(comment)}`, { kind: 'usage' });
  }
  return comment;
}

function damaged(): BulkheadError {
  return new BulkheadError('The private key is damaged.');
}
