import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fingerprintOf, purposeOf } from '../../../src/credentials/signedData';
import { wireString } from '../../../src/credentials/wireReader';

const text = (value: string) => wireString(Buffer.from(value));
const key = Buffer.concat([text('ssh-ed25519'), wireString(Buffer.alloc(32, 7))]);
const rsa = Buffer.concat([text('ssh-rsa'), wireString(Buffer.alloc(3)), wireString(Buffer.alloc(256, 9))]);
const hostKey = Buffer.concat([text('ssh-ed25519'), wireString(Buffer.alloc(32, 8))]);

interface Login {
  session?: Buffer;
  type?: number;
  user?: string;
  service?: string;
  method?: string;
  yes?: number;
  algorithm?: string;
  blob?: Buffer;
  rest?: Buffer;
}

function login(part: Login = {}): Buffer {
  return Buffer.concat([
    wireString(part.session ?? Buffer.alloc(32, 1)),
    Buffer.from([part.type ?? 50]),
    text(part.user ?? 'git'),
    text(part.service ?? 'ssh-connection'),
    text(part.method ?? 'publickey'),
    Buffer.from([part.yes ?? 1]),
    text(part.algorithm ?? 'ssh-ed25519'),
    wireString(part.blob ?? key),
    part.rest ?? Buffer.alloc(0),
  ]);
}

test('a login says as whom, and on which server if it is bound to one', () => {
  expect(purposeOf(login(), key)).toEqual({ kind: 'login', user: 'git', service: 'ssh-connection' });
  const bound = login({ method: 'publickey-hostbound-v00@openssh.com', rest: wireString(hostKey) });
  expect(purposeOf(bound, key)).toEqual({
    kind: 'login',
    user: 'git',
    service: 'ssh-connection',
    hostKey: fingerprintOf(hostKey),
  });
  const sha2 = login({ algorithm: 'rsa-sha2-512', blob: rsa });
  expect(purposeOf(sha2, rsa).kind).toBe('login');
});

test('what is not exactly a login is never called one', () => {
  const cases: Login[] = [
    { session: Buffer.alloc(31) },
    { type: 51 },
    { service: 'ssh-userauth' },
    { method: 'password' },
    { yes: 0 },
    { yes: 2 },
    { algorithm: 'ssh-rsa' },
    { blob: rsa },
    { rest: Buffer.from([0]) },
    { user: 'x'.repeat(300) },
    { method: 'publickey-hostbound-v00@openssh.com' },
    {
      method: 'publickey-hostbound-v00@openssh.com',
      rest: Buffer.concat([wireString(hostKey), Buffer.from('x')]),
    },
  ];
  for (const part of cases) {
    const data = login(part);
    expect(purposeOf(data, key), JSON.stringify(part)).toEqual({ kind: 'unknown', bytes: data.length });
  }
  const whole = login();
  for (let length = 0; length < whole.length; length++) {
    expect(purposeOf(whole.subarray(0, length), key).kind).toBe('unknown');
  }
});

test('a signature of a file or a commit is named so', () => {
  const digest = createHash('sha512').update('x').digest();
  const file = (namespace: string, hash: string, bytes: Buffer, rest = '') =>
    Buffer.concat([
      Buffer.from('SSHSIG'),
      text(namespace),
      text(''),
      text(hash),
      wireString(bytes),
      Buffer.from(rest),
    ]);
  expect(purposeOf(file('git', 'sha512', digest), key)).toEqual({ kind: 'file', namespace: 'git' });
  expect(purposeOf(file('git', 'sha256', digest), key).kind).toBe('unknown');
  expect(purposeOf(file('', 'sha512', digest), key).kind).toBe('unknown');
  expect(purposeOf(file('git', 'md5', digest), key).kind).toBe('unknown');
  expect(purposeOf(file('git', 'sha512', digest, 'x'), key).kind).toBe('unknown');
});

test('any bytes have a purpose, and random ones an unknown one', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 400 }), fc.uint8Array({ maxLength: 64 }), (data, blob) => {
      expect(purposeOf(Buffer.from(data), Buffer.from(blob))).toEqual({
        kind: 'unknown',
        bytes: data.length,
      });
    }),
    { numRuns: 1000 },
  );
});
