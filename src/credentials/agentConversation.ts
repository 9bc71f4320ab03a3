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
 * message at a time; ends the stream at the first impossible length.
 */
export async function converseAsAgent(stream: Duplex, conversation: AgentConversation): Promise<void> {
  const ended = new AbortController();
  stream.once('close', () => ended.abort());
  const silence = setTimeout(() => stream.destroy(), SILENCE_MS);
  const splitter = new AgentMessageSplitter();
  let messages = 0;
  try {
    // Not destroyed at its end: the guest may have said all, and still waits for the last answer.
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      for (const message of splitter.push(chunk)) {
        if (++messages > MESSAGES_MAX) {
          return;
        }
        const answer = await answerTo(parseAgentRequest(message), conversation, ended.signal);
        silence.refresh();
        if (ended.signal.aborted) {
          return;
        }
        stream.write(answer);
      }
    }
  } catch (error) {
    // The stream broke, or what came over it is no agent protocol: either way it ends here.
    if (error instanceof RangeError) {
      conversation.onUse({ what: 'a message', given: false, why: printable(error.message, 100) });
    }
  } finally {
    clearTimeout(silence);
    endSoon(stream);
  }
}

async function answerTo(
  request: AgentRequest,
  conversation: AgentConversation,
  signal: AbortSignal,
): Promise<Buffer> {
  if (request.kind === 'refused' || !(await conversation.granted())) {
    return AGENT_FAILURE;
  }
  try {
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
