import type { SignPurpose } from './signedData';

/** A guest's wish for one signature, as the user is asked about it. All text is printable, but some of it is the guest's. */
export interface SignatureWish {
  machineId: string;
  /** `ssh-keygen -l`'s form. */
  fingerprint: string;
  /** The key's comment in the user's agent. */
  comment: string;
  /** Its type, such as `ssh-ed25519`. */
  keyType: string;
  purpose: SignPurpose;
}

/** One use of a credential by a guest, or a try. Never holds a secret. */
export interface CredentialUse {
  machineId: string;
  /** Milliseconds since the epoch. */
  at: number;
  kind: 'signature' | 'git';
  /** What it was for: a host, or a key and its purpose. Printable, one line. */
  what: string;
  given: boolean;
  /** Why not, if it was not given. */
  why?: string;
}

/** Asks the user. Resolves with true only for an explicit yes; `signal` aborts when the answer no longer counts. */
export type ConfirmSignature = (wish: SignatureWish, signal: AbortSignal) => Promise<boolean>;

/** A signature's purpose as one line for people. */
export function purposeText(purpose: SignPurpose): string {
  switch (purpose.kind) {
    case 'login':
      return purpose.hostKey === undefined
        ? `SSH login as ${purpose.user}, on any server that takes this key`
        : `SSH login as ${purpose.user}, on the server with host key ${purpose.hostKey}`;
    case 'file':
      return `not a login: a signature of data (${purpose.namespace})`;
    case 'unknown':
      return `not a login: ${purpose.bytes} bytes of unknown meaning`;
  }
}
