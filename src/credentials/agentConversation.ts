import type { Duplex } from 'node:stream';
import { messageOf } from '../core/errors';
import { printable } from '../core/log';
import {
  AGENT_FAILURE,
  AgentMessageSplitter,
  type AgentRequest,
  identitiesAnswer,
  parseAgentRequest,
  signatureAnswer,
  signRequest,
} from './agentMessages';
import type { Verdict } from './confirmations';
import { purposeText, type SignatureWish } from './credentialUse';
import { endSoon } from './endSoon';
import type { HostAgent } from './hostAgent';
import { fingerprintOf, purposeOf } from './signedData';
import { WireReader } from './wireReader';

/** A login takes seconds; a program that keeps the agent open that long asks again over a new stream. */
const SILENCE_MS = 10 * 60_000;
const MESSAGES_MAX = 1_000;
/** A client waits for each answer; these may be up to 256 KiB each. */
const WAITING_MAX = 4;

export interface AgentConversation {
  machineId: string;
  agent: Pick<HostAgent, 'identities' | 'ask'>;
  /** Whether the agent is (still) lent to this machine; asked at every message, and again after the user's yes. */
  granted: () => Promise<boolean>;
  confirm: (wish: SignatureWish, signal: AbortSignal) => Promise<Verdict>;
  onUse: (use: { what: string; given: boolean; why?: string }) => void;
}

/**
 * Answers one stream of a guest as an SSH agent would: lists keys, and signs after the user's yes. All else fails. One
 * message at a time; the stream ends at the first impossible length. Resolves when it has ended.
 */
export function converseAsAgent(stream: Duplex, conversation: AgentConversation): Promise<void> {
  return new Conversation(stream, conversation).ended;
}

class Conversation {
  private settle: () => void = () => undefined;
  readonly ended = new Promise<void>((resolve) => {
    this.settle = resolve;
  });
  /** Aborts when the guest's program has gone: nobody waits for an answer. */
  private readonly gone = new AbortController();
  private readonly splitter = new AgentMessageSplitter();
  private readonly waiting: Buffer[] = [];
  private readonly silence = setTimeout(() => this.stream.destroy(), SILENCE_MS);
  private messages = 0;
  private isAnswering = false;
  private isOver = false;

  constructor(
    private readonly stream: Duplex,
    private readonly options: AgentConversation,
  ) {
    // Read on while a question is on the screen: that is how a program's end is seen.
    stream.on('data', (chunk: Buffer) => this.take(chunk));
    stream.once('end', () => {
      this.gone.abort();
      this.isOver = true;
      this.next();
    });
    stream.once('close', () => {
      clearTimeout(this.silence);
      this.gone.abort();
      this.waiting.length = 0;
      this.settle();
    });
  }

  private take(chunk: Buffer): void {
    if (this.isOver) {
      return;
    }
    this.silence.refresh();
    try {
      const messages = this.splitter.push(chunk);
      this.messages += messages.length;
      this.waiting.push(...messages);
      if (this.messages > MESSAGES_MAX || this.waiting.length > WAITING_MAX) {
        throw new RangeError('More messages than an SSH client sends');
      }
    } catch (error) {
      // No agent protocol, or not a sane one: it ends here.
      this.options.onUse({ what: 'a message', given: false, why: printable(messageOf(error), 100) });
      this.stream.destroy();
      return;
    }
    this.next();
  }

  private next(): void {
    if (this.isAnswering) {
      return;
    }
    const message = this.waiting.shift();
    if (!message) {
      if (this.isOver) {
        endSoon(this.stream);
      }
      return;
    }
    this.isAnswering = true;
    // Never rejects: what fails is answered with a failure.
    void answerTo(parseAgentRequest(message), this.options, this.gone.signal).then((answer) => {
      this.isAnswering = false;
      this.silence.refresh();
      if (!this.stream.destroyed && this.stream.writable) {
        this.stream.write(answer);
      }
      this.next();
    });
  }
}

async function answerTo(
  request: AgentRequest,
  conversation: AgentConversation,
  signal: AbortSignal,
): Promise<Buffer> {
  try {
    if (request.kind === 'refused' || !(await conversation.granted())) {
      return AGENT_FAILURE;
    }
    return request.kind === 'list'
      ? identitiesAnswer(await conversation.agent.identities())
      : await sign(request, conversation, signal);
  } catch (error) {
    conversation.onUse({ what: 'the SSH agent', given: false, why: printable(messageOf(error), 300) });
    return AGENT_FAILURE;
  }
}

async function sign(
  request: Extract<AgentRequest, { kind: 'sign' }>,
  conversation: AgentConversation,
  signal: AbortSignal,
): Promise<Buffer> {
  const identity = (await conversation.agent.identities()).find(({ blob }) => blob.equals(request.blob));
  if (!identity) {
    return AGENT_FAILURE;
  }
  const wish: SignatureWish = {
    machineId: conversation.machineId,
    fingerprint: fingerprintOf(identity.blob),
    comment: line(identity.comment, 200),
    keyType: line(typeOf(identity.blob), 80),
    purpose: shown(purposeOf(request.data, request.blob)),
  };
  const what = `${wish.fingerprint} ${wish.comment}: ${purposeText(wish.purpose)}`;
  const verdict = await conversation.confirm(wish, signal);
  // The grant may have been taken back while the question was on the screen.
  const refusal = verdict.allowed
    ? (await conversation.granted())
      ? undefined
      : 'it was taken back'
    : verdict.why;
  if (refusal !== undefined || signal.aborted) {
    conversation.onUse({ what, given: false, why: refusal ?? 'the program is gone' });
    return AGENT_FAILURE;
  }
  const answer = signatureAnswer(await conversation.agent.ask(signRequest(request), { signal }));
  conversation.onUse(
    answer ? { what, given: true } : { what, given: false, why: 'the agent of this computer did not sign' },
  );
  return answer ?? AGENT_FAILURE;
}

function typeOf(blob: Buffer): string {
  try {
    return new WireReader(blob).string().toString('latin1');
  } catch {
    // An agent's own kind of key.
    return 'unknown type';
  }
}

/** The guest's words in it are for people: one printable line each. */
function shown(purpose: SignatureWish['purpose']): SignatureWish['purpose'] {
  switch (purpose.kind) {
    case 'login':
      return { ...purpose, user: line(purpose.user, 100), service: line(purpose.service, 100) };
    case 'file':
      return { ...purpose, namespace: line(purpose.namespace, 100) };
    case 'unknown':
      return purpose;
  }
}

function line(text: string, limit: number): string {
  return printable(text, limit).replace(/[\n\t]/g, ' ');
}
