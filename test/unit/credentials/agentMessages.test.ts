import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  AGENT_MESSAGE_MAX,
  AgentMessageSplitter,
  identitiesAnswer,
  parseAgentRequest,
  parseIdentities,
  signatureAnswer,
  signRequest,
} from '../../../src/credentials/agentMessages';
import { uint32, wireString } from '../../../src/credentials/wireReader';

const key = Buffer.concat([wireString(Buffer.from('ssh-ed25519')), wireString(Buffer.alloc(32, 7))]);
const body = (framed: Buffer) => framed.subarray(4);

test('only "list" and "sign" are requests; every other type is refused', () => {
  expect(parseAgentRequest(Buffer.from([11]))).toEqual({ kind: 'list' });
  const sign = { kind: 'sign', blob: key, data: Buffer.from('data'), flags: 4 } as const;
  expect(parseAgentRequest(body(signRequest(sign)))).toEqual(sign);
  const payload = Buffer.concat([wireString(key), wireString(Buffer.from('x')), uint32(0)]);
  for (let type = 0; type < 256; type++) {
    if (type !== 11 && type !== 13) {
      expect(parseAgentRequest(Buffer.concat([Buffer.from([type]), payload]))).toEqual({
        kind: 'refused',
        type,
      });
      expect(parseAgentRequest(Buffer.from([type]))).toEqual({ kind: 'refused', type });
    }
  }
});

test('a sign request with anything missing, added or unknown is refused', () => {
  const whole = body(signRequest({ kind: 'sign', blob: key, data: Buffer.from('data'), flags: 0 }));
  for (let length = 1; length < whole.length; length++) {
    expect(parseAgentRequest(whole.subarray(0, length)).kind).toBe('refused');
  }
  expect(parseAgentRequest(Buffer.concat([whole, Buffer.from([0])])).kind).toBe('refused');
  expect(parseAgentRequest(Buffer.from([11, 0])).kind).toBe('refused');
  for (const flags of [1, 3, 8, 0x8000_0000]) {
    const odd = Buffer.concat([Buffer.from([13]), wireString(key), wireString(key), uint32(flags)]);
    expect(parseAgentRequest(odd).kind).toBe('refused');
  }
  const noKey = Buffer.concat([Buffer.from([13]), wireString(Buffer.alloc(0)), wireString(key), uint32(0)]);
  expect(parseAgentRequest(noKey).kind).toBe('refused');
});

test('any bytes at all are a request or a refusal, never an error', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 600 }), fc.constantFrom(11, 13, 17, 27), (bytes, type) => {
      const request = parseAgentRequest(Buffer.concat([Buffer.from([type]), Buffer.from(bytes)]));
      if (request.kind === 'sign') {
        expect(body(signRequest(request))).toEqual(Buffer.concat([Buffer.from([type]), Buffer.from(bytes)]));
      }
    }),
    { numRuns: 2000 },
  );
});

test('messages come out whole however they were cut, and an impossible length ends it', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 1, maxLength: 300 }), { maxLength: 8 }),
      fc.array(fc.nat(64), { minLength: 1, maxLength: 20 }),
      (messages, cuts) => {
        const bytes = Buffer.concat(messages.map((message) => wireString(Buffer.from(message))));
        const splitter = new AgentMessageSplitter();
        const got: Buffer[] = [];
        for (let at = 0, n = 0; at < bytes.length; n++) {
          const length = 1 + (cuts[n % cuts.length] ?? 0);
          got.push(...splitter.push(bytes.subarray(at, at + length)));
          at += length;
        }
        expect(got.map((each) => [...each])).toEqual(messages.map((each) => [...each]));
      },
    ),
  );
  for (const length of [0, AGENT_MESSAGE_MAX + 1, 0xffff_ffff]) {
    expect(() => new AgentMessageSplitter().push(uint32(length))).toThrow(RangeError);
  }
});

test('the guest gets the keys without their comments', () => {
  const other = Buffer.concat([wireString(Buffer.from('ssh-rsa')), wireString(Buffer.alloc(300, 1))]);
  const fromAgent = Buffer.concat([
    Buffer.from([12]),
    uint32(2),
    ...[key, wireString(Buffer.from('jo@laptop')), other, wireString(Buffer.from('work'))].map((part, n) =>
      n % 2 === 0 ? wireString(part) : part,
    ),
  ]);
  const identities = parseIdentities(fromAgent);
  expect(identities?.map(({ comment }) => comment)).toEqual(['jo@laptop', 'work']);
  const answer = body(identitiesAnswer(identities ?? []));
  expect(answer.includes('laptop')).toBe(false);
  expect(parseIdentities(answer)).toEqual([
    { blob: key, comment: '' },
    { blob: other, comment: '' },
  ]);
  expect(parseIdentities(Buffer.from([5]))).toBeUndefined();
  expect(() => parseIdentities(fromAgent.subarray(0, 40))).toThrow('well-formed');
});

test('only a signature passes back to the guest', () => {
  const signed = Buffer.concat([Buffer.from([14]), wireString(Buffer.from('signature'))]);
  expect(body(signatureAnswer(signed) ?? Buffer.alloc(4))).toEqual(signed);
  for (const other of [
    Buffer.from([5]),
    Buffer.from([12, 0, 0, 0, 0]),
    signed.subarray(0, 8),
    Buffer.alloc(0),
  ]) {
    expect(signatureAnswer(other)).toBeUndefined();
  }
  expect(signatureAnswer(Buffer.concat([signed, Buffer.from('more')]))).toBeUndefined();
});
