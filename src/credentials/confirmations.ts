import type { Disposable } from '../core/disposables';
import { messageOf } from '../core/errors';
import type { Log } from '../core/log';
import type { ConfirmSignature, SignatureWish } from './credentialUse';

export type Verdict = { allowed: true } | { allowed: false; why: string };

export interface ConfirmationLimits {
  /** No answer within this time (ms) is a no. */
  answerMs: number;
  /** So many wait for their turn; the rest is denied unseen. */
  waiting: number;
  /** After so many denials of one machine in a row… */
  denials: number;
  /** …nothing of that machine is asked for this long (ms). */
  muteMs: number;
}

export const CONFIRMATION_LIMITS: ConfirmationLimits = {
  answerMs: 60_000,
  waiting: 5,
  denials: 3,
  muteMs: 120_000,
};

const MUTED = 'several were denied just now; it is not asked for a while';

interface Mood {
  denials: number;
  mutedUntil: number;
}

/** Puts wishes before the user one at a time. Everything but an explicit yes in time is a no. */
export class Confirmations implements Disposable {
  private turn: Promise<void> = Promise.resolve();
  private waiting = 0;
  private readonly moods = new Map<string, Mood>();
  private readonly ended = new AbortController();

  constructor(
    private readonly confirm: ConfirmSignature,
    private readonly log: Log,
    private readonly limits: ConfirmationLimits = CONFIRMATION_LIMITS,
  ) {}

  /**
   * Asks about the machine's wishes again even if many were denied: the user has just granted something, or taken it back. A
   * question that is on the screen then is not counted any more.
   */
  unmute(machineId: string): void {
    this.moods.delete(machineId);
  }

  /** `signal` aborts when nobody waits for the answer: the program is gone, or the grant. */
  async ask(wish: SignatureWish, signal: AbortSignal): Promise<Verdict> {
    if (this.ended.signal.aborted || signal.aborted) {
      return no('nobody is there to be asked');
    }
    if (this.isMuted(wish.machineId)) {
      return no(MUTED);
    }
    // One is before the user, the others wait.
    if (this.waiting > this.limits.waiting) {
      return no('too many wait to be asked about');
    }
    this.waiting++;
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), this.limits.answerMs);
    const over = AbortSignal.any([signal, late.signal, this.ended.signal]);
    const before = this.turn;
    // The next one's turn comes when this question is really off the screen, not only when its time is up.
    let next: () => void = () => undefined;
    this.turn = new Promise((resolve) => {
      next = resolve;
    });
    return new Promise<Verdict>((resolve) => {
      let isSettled = false;
      /** Set once the question is really before the user: from then on only his yes is no denial, whoever goes away. */
      let mood: Mood | undefined;
      const settle = (verdict: Verdict) => {
        if (!isSettled) {
          isSettled = true;
          clearTimeout(timer);
          if (mood) {
            this.remember(wish.machineId, mood, verdict.allowed);
          }
          resolve(verdict);
        }
      };
      const end = () => settle(no(signal.aborted ? 'it was taken back' : 'it was not answered in time'));
      over.addEventListener('abort', end, { once: true });
      void before
        // Those before it may have been denied once too often meanwhile.
        .then(() => {
          if (over.aborted || this.isMuted(wish.machineId)) {
            return false;
          }
          mood = this.moods.get(wish.machineId) ?? { denials: 0, mutedUntil: 0 };
          this.moods.set(wish.machineId, mood);
          return this.confirm(wish, over);
        })
        .catch((error: unknown) => {
          this.log.warn(`The question about a signature failed: ${messageOf(error)}`);
          return false;
        })
        .then((yes) => {
          // An answer in the moment of the revocation is no answer.
          settle(yes && !over.aborted ? { allowed: true } : no('it was denied'));
          this.waiting--;
          next();
        });
    });
  }

  private isMuted(machineId: string): boolean {
    return (this.moods.get(machineId)?.mutedUntil ?? 0) > Date.now();
  }

  private remember(machineId: string, mood: Mood, allowed: boolean): void {
    if (this.moods.get(machineId) !== mood) {
      return;
    }
    if (allowed) {
      this.moods.delete(machineId);
      return;
    }
    mood.denials++;
    if (mood.denials >= this.limits.denials) {
      mood.denials = 0;
      mood.mutedUntil = Date.now() + this.limits.muteMs;
      this.log.warn(
        `${machineId}: signatures are denied for ${this.limits.muteMs / 1000} s without a question`,
      );
    }
  }

  dispose(): void {
    this.ended.abort();
  }
}

function no(why: string): Verdict {
  return { allowed: false, why };
}
