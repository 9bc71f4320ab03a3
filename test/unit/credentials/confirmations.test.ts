import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { silentLog } from '../../../src/core/log';
import { Confirmations } from '../../../src/credentials/confirmations';
import type { SignatureWish } from '../../../src/credentials/credentialUse';

const LIMITS = { answerMs: 60_000, waiting: 5, denials: 3, muteMs: 120_000 };
const wish = (machineId = 'a-1'): SignatureWish => ({
  machineId,
  fingerprint: 'SHA256:x',
  comment: 'key',
  keyType: 'ssh-ed25519',
  purpose: { kind: 'unknown', bytes: 3 },
});
const never = new AbortController().signal;

/** A user who answers when told to. */
class User {
  readonly shown: { wish: SignatureWish; answer: (yes: boolean) => void; signal: AbortSignal }[] = [];
  readonly confirm = (wish: SignatureWish, signal: AbortSignal) =>
    new Promise<boolean>((answer) => this.shown.push({ wish, answer, signal }));
}

let user: User;
let confirmations: Confirmations;
beforeEach(() => {
  vi.useFakeTimers();
  user = new User();
  confirmations = new Confirmations(user.confirm, silentLog, LIMITS);
});
afterEach(() => {
  confirmations.dispose();
  vi.useRealTimers();
});
const settle = () => vi.advanceTimersByTimeAsync(0);

test('only a yes is a yes', async () => {
  const first = confirmations.ask(wish(), never);
  await settle();
  user.shown[0]?.answer(true);
  expect(await first).toEqual({ allowed: true });
  const second = confirmations.ask(wish(), never);
  await settle();
  user.shown[1]?.answer(false);
  expect(await second).toEqual({ allowed: false, why: 'it was denied' });
  const broken = new Confirmations(() => Promise.reject(new Error('no window')), silentLog, LIMITS);
  expect(await broken.ask(wish(), never)).toMatchObject({ allowed: false });
});

test('no answer within the time is a no, a later yes does not count, and the next waits for the dialog to go', async () => {
  const first = confirmations.ask(wish(), never);
  await settle();
  await vi.advanceTimersByTimeAsync(LIMITS.answerMs);
  expect(await first).toEqual({ allowed: false, why: 'it was not answered in time' });
  expect(user.shown[0]?.signal.aborted).toBe(true);
  const second = confirmations.ask(wish(), never);
  await settle();
  expect(user.shown).toHaveLength(1);
  user.shown[0]?.answer(true);
  await settle();
  expect(user.shown).toHaveLength(2);
  user.shown[1]?.answer(true);
  expect(await second).toEqual({ allowed: true });
});

test('one question at a time, five wait, the rest is denied unseen', async () => {
  const asked = Array.from({ length: 8 }, () => confirmations.ask(wish(), never));
  await settle();
  expect(user.shown).toHaveLength(1);
  expect(await asked[6]).toMatchObject({ allowed: false, why: expect.stringContaining('too many') });
  expect(await asked[7]).toMatchObject({ allowed: false });
  for (let n = 0; n < 6; n++) {
    expect(user.shown).toHaveLength(n + 1);
    user.shown[n]?.answer(true);
    expect(await asked[n]).toEqual({ allowed: true });
    await settle();
  }
  expect(user.shown).toHaveLength(6);
});

test('three denials in a row mute that machine, not others, until the time is over or something is granted', async () => {
  const deny = async (id: string) => {
    const verdict = confirmations.ask(wish(id), never);
    await settle();
    user.shown.at(-1)?.answer(false);
    return verdict;
  };
  for (let n = 0; n < 3; n++) {
    await deny('a-1');
  }
  expect(await confirmations.ask(wish('a-1'), never)).toMatchObject({
    why: expect.stringContaining('not asked'),
  });
  expect(user.shown).toHaveLength(3);
  await deny('b-2');
  expect(user.shown).toHaveLength(4);
  await vi.advanceTimersByTimeAsync(LIMITS.muteMs + 1);
  await deny('a-1');
  expect(user.shown).toHaveLength(5);
  for (let n = 0; n < 2; n++) {
    await deny('a-1');
  }
  confirmations.unmute('a-1');
  await deny('a-1');
  expect(user.shown).toHaveLength(8);
});

test('a program that goes ends its question, which counts as a denial all the same', async () => {
  for (let n = 0; n < 50; n++) {
    const gone = new AbortController();
    const verdict = confirmations.ask(wish(), gone.signal);
    await settle();
    const shown = user.shown.at(-1);
    // As soon as the question is up: the user's no comes after it.
    gone.abort();
    shown?.answer(false);
    expect((await verdict).allowed).toBe(false);
    await settle();
  }
  expect(user.shown).toHaveLength(LIMITS.denials);
});

test('one that goes before its turn was never asked about, and does not count', async () => {
  const first = confirmations.ask(wish(), never);
  const gone = new AbortController();
  const others = Array.from({ length: 4 }, () => confirmations.ask(wish(), gone.signal));
  await settle();
  gone.abort();
  await Promise.all(others);
  user.shown[0]?.answer(true);
  expect(await first).toEqual({ allowed: true });
  const next = confirmations.ask(wish(), never);
  await settle();
  expect(user.shown).toHaveLength(2);
  user.shown[1]?.answer(true);
  expect(await next).toEqual({ allowed: true });
});

test('a yes ends the count; a question from before the user changed what is lent is not counted after it', async () => {
  const deny = async () => {
    const verdict = confirmations.ask(wish(), never);
    await settle();
    user.shown.at(-1)?.answer(false);
    await verdict;
    await settle();
  };
  const revoked = new AbortController();
  const before = confirmations.ask(wish(), revoked.signal);
  await settle();
  confirmations.unmute('a-1');
  revoked.abort();
  expect(await before).toEqual({ allowed: false, why: 'it was taken back' });
  user.shown[0]?.answer(false);
  await deny();
  await deny();
  const allowed = confirmations.ask(wish(), never);
  await settle();
  user.shown.at(-1)?.answer(true);
  expect(await allowed).toEqual({ allowed: true });
  await settle();
  await deny();
  await deny();
  await deny();
  await deny();
  expect(user.shown).toHaveLength(7);
  confirmations.dispose();
  expect(await confirmations.ask(wish(), never)).toMatchObject({ allowed: false });
});
