/** A process of the guest: its name is untrusted text, cut and without control characters. */
export interface GuestProcessUse {
  pid: number;
  name: string;
  /** Numeric: names of accounts are the image's business. */
  uid: number;
  /** Of one CPU, since the sample before. */
  cpuPercent: number;
  memoryBytes: number;
  /** It is one of Bulkhead's own (init, sshd and what serves its sessions), says the guest. */
  kit?: true;
}

/** What the guest says of itself. Every number is finite and not negative; lists are bounded. Rates are since the sample before. */
export interface GuestSample {
  /** Of one CPU, for each CPU the guest has. */
  cpuPercent: number[];
  memory: { totalBytes: number; usedBytes: number; cachedBytes: number; freeBytes: number };
  /** The writable disk as a file system. */
  disk: { sizeBytes: number; usedBytes: number };
  readBytesPerSecond: number;
  writeBytesPerSecond: number;
  network: { receivedBytesPerSecond: number; sentBytesPerSecond: number };
  processCount: number;
  /** Those that use most CPU, then memory; at most 10. */
  processes: GuestProcessUse[];
}

/** A TCP port that something in the guest listens on. */
export interface ListeningPort {
  port: number;
  /** `any` is 0.0.0.0 or ::. Loopback ports can be forwarded too: SSH connects from inside. */
  address: 'any' | 'loopback' | 'other';
  /** Undefined if the guest does not say. */
  process?: { pid: number; name: string };
}
