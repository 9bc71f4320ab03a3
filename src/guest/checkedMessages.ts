import type { Client } from 'ssh2';

/** A channel's smallest packets: RFC 4254 wants 32 KiB taken; what is far below makes a packet of every byte, or a loop without end of 0. */
const PACKET_MIN = 1024;
/** Above this many messages that wait for the end of a key exchange, bulk writers wait too. */
const QUEUED_HIGH = 32;

interface OpenConfirmation {
  packetSize: number;
}

type Handler = (protocol: unknown, ...values: unknown[]) => void;

/** What ssh2 1.17 keeps private (lib/client.js, lib/protocol/Protocol.js) and has no checks for. */
interface Internals {
  _protocol?: { _handlers?: Record<string, Handler>; _queue?: unknown[] };
}

/**
 * Puts checks of ours before ssh2's handling of the server's messages. To be called after `client.connect`; `refuse` must cut the
 * connection.
 * @throws Error if this ssh2 is not the one that this was written for
 */
export function checkMessages(client: Client, refuse: (what: string) => void): void {
  const handlers = (client as unknown as Internals)._protocol?._handlers;
  const opened = handlers?.['CHANNEL_OPEN_CONFIRMATION'];
  const asked = handlers?.['GLOBAL_REQUEST'];
  if (!handlers || !opened || !asked) {
    throw new Error('This version of ssh2 has other message handlers');
  }
  handlers['CHANNEL_OPEN_CONFIRMATION'] = (protocol, info) => {
    const { packetSize } = info as OpenConfirmation;
    if (packetSize < PACKET_MIN) {
      refuse(`a channel with packets of ${packetSize} bytes`);
    } else {
      opened(protocol, info);
    }
  };
  handlers['GLOBAL_REQUEST'] = (protocol, name, ...rest) => {
    // The host key is pinned. ssh2 would ask for a proof of each new one and remember each question.
    if (name !== 'hostkeys-00@openssh.com') {
      asked(protocol, name, ...rest);
    }
  };
}

/** Whether messages pile up until a key exchange has ended. */
export function isRekeying(client: Client): boolean {
  return ((client as unknown as Internals)._protocol?._queue?.length ?? 0) > QUEUED_HIGH;
}
