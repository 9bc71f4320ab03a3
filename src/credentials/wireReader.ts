/** Reads SSH's wire encoding (RFC 4251, section 5) strictly: every read past the end throws `WireError`. */
export class WireReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get left(): number {
    return this.bytes.length - this.at;
  }

  byte(): number {
    return this.take(1).readUInt8(0);
  }

  uint32(): number {
    return this.take(4).readUInt32BE(0);
  }

  /** A view, not a copy. */
  string(): Buffer {
    return this.take(this.uint32());
  }

  take(length: number): Buffer {
    if (length > this.left) {
      throw new WireError();
    }
    const taken = this.bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  end(): void {
    if (this.left > 0) {
      throw new WireError();
    }
  }
}

export class WireError extends Error {
  override readonly name = 'WireError';

  constructor() {
    super('Not a well-formed SSH message');
  }
}

/** `string` of RFC 4251. */
export function wireString(bytes: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}

export function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
