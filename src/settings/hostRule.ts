/**
 * The grammar of a host in an allowlist, and what such a rule lets through: for settings files, rules, denials and patterns alike.
 * guest/proxy/decide.pl reads the same rules; test/unit/settings/hostVectors.ts holds the two together.
 */

/** One label of a DNS name. With `_`, which names in use have though RFC 1123 does not. */
const LABEL = '[a-zA-Z0-9_](?:[a-zA-Z0-9_-]{0,61}[a-zA-Z0-9])?';
/**
 * A DNS name of at most 253 characters, the end of the text or a port behind it. The last label is neither all digits nor
 * hexadecimal, so that no IPv4 address passes in any of its spellings (`0x7f.1`).
 */
export const HOST_NAME = `(?=[^:]{1,253}(?::|$))(?:${LABEL}\\.)*(?!(?:[0-9]+|0[xX][0-9a-fA-F]*)(?::|$))${LABEL}`;
/** 1…65535. */
export const PORT =
  '(?:[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])';

const RULE = new RegExp(`^(\\*\\.)?(${HOST_NAME})(?::(${PORT}))?$`);

/** A rule's host apart: `port` is undefined for the web's two, plain HTTP on 80 and TLS on 443. */
export interface HostPattern {
  /** `*.` before the name: what is below it, not itself. */
  below: boolean;
  /** Lower case. */
  name: string;
  port?: number;
}

/** Undefined if it is no host that a rule can name. */
export function readHostPattern(text: string): HostPattern | undefined {
  const [, star, name, port] = RULE.exec(text) ?? [];
  return name === undefined
    ? undefined
    : {
        below: star !== undefined,
        name: name.toLowerCase(),
        ...(port !== undefined && { port: Number(port) }),
      };
}

/** It names this computer or the VM itself: no proxy ever goes there. */
export function isLocalName(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost');
}

/** A name, without `*.` and port, that a rule could let through. */
export function isAllowableName(host: string): boolean {
  const pattern = readHostPattern(host);
  return pattern !== undefined && !pattern.below && pattern.port === undefined && !isLocalName(pattern.name);
}

/** Whether a rule (`host`, `*.host`, either with `:port`) lets a host and port through. A text that is no rule lets nothing. */
export function letsThrough(rule: string, host: string, port: number): boolean {
  const pattern = readHostPattern(rule);
  if (!pattern || (pattern.port === undefined ? port !== 80 && port !== 443 : port !== pattern.port)) {
    return false;
  }
  const asked = host.toLowerCase();
  return pattern.below ? asked.endsWith(`.${pattern.name}`) : asked === pattern.name;
}
