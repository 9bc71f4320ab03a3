import type { Connection } from 'ssh2';
import { uint32 } from './rawSsh';

/** SSH's connection protocol (RFC 4254): what comes below that is authentication and keys. */
const FIRST = 80;
const LAST = 100;

type Field = 'number' | 'string' | 'flag';

/** The fields behind a message's number (RFC 4254, sections 4 to 6); what follows them is left alone. */
const FIELDS: Record<number, Field[]> = {
  80: ['string', 'flag', 'string'],
  90: ['string', 'number', 'number', 'number', 'string', 'number', 'string', 'number'],
  91: ['number', 'number', 'number', 'number'],
  92: ['number', 'number', 'string', 'string'],
  93: ['number', 'number'],
  94: ['number', 'string'],
  95: ['number', 'number', 'string'],
  96: ['number'],
  97: ['number'],
  98: ['number', 'string', 'flag', 'number'],
  99: ['number'],
  100: ['number'],
};

const NUMBERS = [
  0, 1, 2, 63, 64, 255, 32_767, 32_768, 0x1f_ffff, 0x20_0000, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff,
];

/** A fixed sequence (xorshift32), so that a failure comes again. */
export function sequence(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** What is sent in place of a message: itself with one field, its length, its kind, its number or its place damaged. */
export function damaged(payload: Buffer, random: () => number): Buffer[] {
  const copy = Buffer.from(payload);
  switch (random() % 8) {
    case 0:
      return [copy, copy];
    case 1:
      return [];
    case 2:
      return [copy.subarray(0, 1 + (random() % copy.length))];
    case 3:
      copy[0] = FIRST + (random() % (LAST - FIRST + 1));
      return [copy];
    case 4:
      return [Buffer.concat([copy, Buffer.alloc(random() % 5000, random())])];
    default:
      return [withDamagedField(copy, random)];
  }
}

function withDamagedField(payload: Buffer, random: () => number): Buffer {
  const fields: { at: number; kind: Field }[] = [];
  let at = 1;
  for (const kind of FIELDS[payload[0] ?? 0] ?? []) {
    if (at + (kind === 'flag' ? 1 : 4) > payload.length) {
      break;
    }
    fields.push({ at, kind });
    at += kind === 'flag' ? 1 : 4 + (kind === 'string' ? payload.readUInt32BE(at) : 0);
  }
  const field = fields[random() % Math.max(1, fields.length)];
  if (!field) {
    return payload;
  }
  const number = NUMBERS[random() % NUMBERS.length] ?? 0;
  if (field.kind === 'flag') {
    payload[field.at] = random();
  } else if (field.kind === 'number' || random() % 2 === 0) {
    const before = payload.readUInt32BE(field.at);
    uint32(random() % 3 === 0 ? (before + (random() % 3) - 1) >>> 0 : number).copy(payload, field.at);
  } else {
    // In a string: of SFTP's packets too, whose length, kind and fields stand in the data of a channel.
    const length = payload.readUInt32BE(field.at);
    for (let n = 0; n < 1 + (random() % 4) && length > 0; n++) {
      const where = field.at + 4 + (random() % length);
      if (where < payload.length) {
        payload[where] = random();
      }
    }
  }
  return payload;
}

/** What ssh2 1.17 keeps private of a connection. */
interface Internals {
  _protocol: {
    _cipher: { encrypt(packet: Buffer): void; allocPacket(length: number): Buffer };
  };
}

/** A packet's header: its length and the padding's (RFC 4253, section 6). */
const HEADER = 5;

/**
 * From now on about one in `oneIn` messages that the server sends is damaged below its handlers, as long as `isOn`. Framing, encryption
 * and all other messages are right.
 */
export function damageMessages(
  connection: Connection,
  {
    random,
    oneIn,
    isOn,
    onDamage,
  }: { random: () => number; oneIn: number; isOn: () => boolean; onDamage: (kind: number) => void },
): void {
  const cipher = (connection as unknown as Internals)._protocol._cipher;
  const encrypt = cipher.encrypt.bind(cipher);
  cipher.encrypt = (packet) => {
    const payload = packet.subarray(HEADER, 4 + packet.readUInt32BE(0) - (packet[4] ?? 0));
    const kind = payload[0] ?? 0;
    if (kind < FIRST || kind > LAST || !isOn() || random() % oneIn !== 0) {
      encrypt(packet);
      return;
    }
    onDamage(kind);
    for (const each of damaged(payload, random)) {
      const fresh = cipher.allocPacket(each.length);
      fresh.set(each, HEADER);
      encrypt(fresh);
    }
  };
}
