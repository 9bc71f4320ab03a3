import { uint32, WireReader, wireString } from './wireReader';

/** The agent protocol's numbers (draft-ietf-sshm-ssh-agent, section 6.1). */
const FAILURE = 5;
const REQUEST_IDENTITIES = 11;
const IDENTITIES_ANSWER = 12;
const SIGN_REQUEST = 13;
const SIGN_RESPONSE = 14;

/** The largest message, without its length; OpenSSH's agent has the same limit (`AGENT_MAX_LEN`). */
export const AGENT_MESSAGE_MAX = 256 * 1024;
/** OpenSSH's `MAX_AGENT_IDENTITIES`. */
const IDENTITIES_MAX = 2048;
const KEY_MAX = 16 * 1024;
const COMMENT_MAX = 4 * 1024;
/** SSH_AGENT_RSA_SHA2_256 and _512 (section 3.6.1); nothing else is defined. */
const SIGN_FLAGS = new Set([0, 2, 4]);

export interface AgentIdentity {
  /** Public key or certificate as it stands on the wire. */
  blob: Buffer;
  comment: string;
}

export type AgentRequest =
  | { kind: 'list' }
  | { kind: 'sign'; blob: Buffer; data: Buffer; flags: number }
  /** Adding, removing, locking, extensions, and whatever is malformed. */
  | { kind: 'refused'; type: number };

export const AGENT_FAILURE = frame(Buffer.from([FAILURE]));
export const LIST_REQUEST = frame(Buffer.from([REQUEST_IDENTITIES]));

/** What a message (without its length) of the guest asks for. Never throws. */
export function parseAgentRequest(message: Buffer): AgentRequest {
  const type = message[0] ?? 0;
  try {
    const reader = new WireReader(message.subarray(1));
    if (type === REQUEST_IDENTITIES) {
      reader.end();
      return { kind: 'list' };
    }
    if (type === SIGN_REQUEST) {
      const [blob, data, flags] = [reader.string(), reader.string(), reader.uint32()];
      reader.end();
      if (blob.length > 0 && blob.length <= KEY_MAX && SIGN_FLAGS.has(flags)) {
        return { kind: 'sign', blob, data, flags };
      }
    }
  } catch {
    // Malformed: refused like everything that is not known.
  }
  return { kind: 'refused', type };
}

/** @throws WireError if it is not an answer to "list"; undefined if the agent refused */
export function parseIdentities(message: Buffer): AgentIdentity[] | undefined {
  const reader = new WireReader(message);
  const type = reader.byte();
  if (type !== IDENTITIES_ANSWER) {
    return undefined;
  }
  const identities: AgentIdentity[] = [];
  for (let left = Math.min(reader.uint32(), IDENTITIES_MAX); left > 0; left--) {
    const [blob, comment] = [reader.string(), reader.string()];
    if (blob.length <= KEY_MAX) {
      identities.push({ blob, comment: comment.subarray(0, COMMENT_MAX).toString('utf8') });
    }
  }
  return identities;
}

/** The keys, for the guest. Comments stay on the host: they name people and computers. */
export function identitiesAnswer(identities: readonly AgentIdentity[]): Buffer {
  const entries: Buffer[] = [];
  let size = 5;
  for (const { blob } of identities) {
    const entry = Buffer.concat([wireString(blob), wireString(Buffer.alloc(0))]);
    size += entry.length;
    if (size > AGENT_MESSAGE_MAX) {
      break;
    }
    entries.push(entry);
  }
  return frame(Buffer.concat([Buffer.from([IDENTITIES_ANSWER]), uint32(entries.length), ...entries]));
}

export function signRequest({ blob, data, flags }: Extract<AgentRequest, { kind: 'sign' }>): Buffer {
  return frame(
    Buffer.concat([Buffer.from([SIGN_REQUEST]), wireString(blob), wireString(data), uint32(flags)]),
  );
}

/** The agent's answer (without its length) to a sign request, made anew; undefined if it is not a signature. */
export function signatureAnswer(message: Buffer): Buffer | undefined {
  try {
    const reader = new WireReader(message);
    if (reader.byte() !== SIGN_RESPONSE) {
      return undefined;
    }
    const signature = reader.string();
    reader.end();
    return frame(Buffer.concat([Buffer.from([SIGN_RESPONSE]), wireString(signature)]));
  } catch {
    // An agent that speaks otherwise has not signed.
    return undefined;
  }
}

function frame(message: Buffer): Buffer {
  return wireString(message);
}

/** Takes bytes as they come and gives whole messages, without their lengths. */
export class AgentMessageSplitter {
  private pending = Buffer.alloc(0);

  /** @throws RangeError if a message is empty or larger than the protocol allows */
  push(chunk: Buffer): Buffer[] {
    this.pending = Buffer.concat([this.pending, chunk]);
    const messages: Buffer[] = [];
    while (this.pending.length >= 4) {
      const length = this.pending.readUInt32BE(0);
      if (length === 0 || length > AGENT_MESSAGE_MAX) {
        throw new RangeError('An agent message of an impossible length');
      }
      if (this.pending.length < 4 + length) {
        break;
      }
      messages.push(Buffer.from(this.pending.subarray(4, 4 + length)));
      this.pending = this.pending.subarray(4 + length);
    }
    return messages;
  }
}
