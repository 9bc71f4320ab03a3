import type { Duplex } from 'node:stream';
import { messageOf } from '../core/errors';
import { printable } from '../core/log';
import { endSoon } from './endSoon';
import { parseGitQuestion, QUESTION_MAX } from './gitCredentialRequest';

/** git writes its question at once. */
const QUESTION_MS = 20_000;

export interface GitConversation {
  /** The hosts that are (still) lent; asked before the answer is looked up, and again before it is given. */
  granted: () => Promise<readonly string[]>;
  /** Lines for the guest's git, or undefined if this host has none. */
  lookUp: (question: { host: string; username?: string }, signal: AbortSignal) => Promise<string | undefined>;
  onUse: (use: { what: string; given: boolean; why?: string }) => void;
}

/** Answers one stream of a guest: one question, one answer, and its end. No answer is an empty one. */
export async function converseAboutGit(stream: Duplex, conversation: GitConversation): Promise<void> {
  const ended = new AbortController();
  stream.once('close', () => ended.abort());
  const silence = setTimeout(() => stream.destroy(), QUESTION_MS);
  try {
    const question = await readQuestion(stream);
    clearTimeout(silence);
    if (question && !ended.signal.aborted) {
      const answer = await answerTo(question, conversation, ended.signal);
      if (answer !== undefined && !ended.signal.aborted) {
        stream.write(answer);
      }
    }
  } catch {
    // The stream broke: nobody waits for an answer.
  } finally {
    clearTimeout(silence);
    endSoon(stream);
  }
}

/** To the guest's end of input, or the empty line that ends a question. */
async function readQuestion(stream: Duplex): Promise<Buffer | undefined> {
  let question = Buffer.alloc(0);
  for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    question = Buffer.concat([question, chunk]);
    if (question.includes('\n\n') || question.length > QUESTION_MAX) {
      break;
    }
  }
  return question.length > 0 ? question : undefined;
}

async function answerTo(
  bytes: Buffer,
  { granted, lookUp, onUse }: GitConversation,
  signal: AbortSignal,
): Promise<string | undefined> {
  const question = parseGitQuestion(bytes);
  if ('refused' in question) {
    onUse({ what: 'git credentials', given: false, why: question.refused });
    return undefined;
  }
  const what = `git credentials for ${question.host}`;
  try {
    const why = (await granted()).includes(question.host) ? undefined : 'this host is not lent';
    const answer = why === undefined ? await lookUp(question, signal) : undefined;
    if (answer === undefined) {
      onUse({ what, given: false, why: why ?? 'the git of this computer has none' });
    } else if (!(await granted()).includes(question.host)) {
      onUse({ what, given: false, why: 'it was taken back' });
    } else {
      onUse({ what, given: true });
      return answer;
    }
  } catch (error) {
    onUse({ what, given: false, why: printable(messageOf(error), 300) });
  }
  return undefined;
}
