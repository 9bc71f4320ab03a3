import type { Duplex } from 'node:stream';
import type { Connection } from 'ssh2';

/** SSH message numbers (RFC 4253, section 12; RFC 4254, section 9). */
export const MESSAGE = {
  KEXINIT: 20,
  GLOBAL_REQUEST: 80,
  CHANNEL_OPEN: 90,
  WINDOW_ADJUST: 93,
  CHANNEL_DATA: 94,
};

/** What ssh2 1.17 keeps private of a connection. */
interface Internals {
  _sock: Duplex;
  _protocol: {
    _parse(chunk: Buffer, at: number, length: number): number;
    _cipher: { encrypt(packet: Buffer): void };
    _packetRW: {
      write: { allocStart: number; alloc(length: number): Buffer; finalize(packet: Buffer): Buffer };
    };
    channelOpenConfirm(remote: number, local: number, window: number, packetSize: number): void;
  };
}

const protocolOf = (connection: Connection) => (connection as unknown as Internals)._protocol;

/** Sends any payload as one well-encrypted packet. */
export function sendPayload(connection: Connection, payload: Buffer): void {
  const { _cipher, _packetRW } = protocolOf(connection);
  const packet = _packetRW.write.alloc(payload.length);
  packet.set(payload, _packetRW.write.allocStart);
  _cipher.encrypt(_packetRW.write.finalize(packet));
}

/** Sends bytes below the packets: what the other side takes for a packet's length and ciphertext. */
export function sendBytes(connection: Connection, bytes: Buffer): void {
  (connection as unknown as Internals)._sock.write(bytes);
}

/** Sends what `send` sends in one piece: a write for each of a hundred thousand packets is slow for the attacker too. */
export function corked(connection: Connection, send: () => void): void {
  const { _sock } = connection as unknown as Internals;
  _sock.cork();
  send();
  _sock.uncork();
}

/** From now on nothing is understood of what comes. */
export function deafen(connection: Connection): void {
  protocolOf(connection)._parse = (_chunk, _at, length) => length;
}

/** From now on channels are confirmed with these instead. */
export function confirmWith(connection: Connection, { window = 2 ** 21, packetSize = 32_768 }): void {
  const protocol = protocolOf(connection);
  const confirm = protocol.channelOpenConfirm.bind(protocol);
  protocol.channelOpenConfirm = (remote, local) => confirm(remote, local, window, packetSize);
}

/** An SSH string: its length, then its bytes (RFC 4251, section 5). */
export function sshString(text: string | Buffer): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([uint32(bytes.length), bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
