import { BulkheadError } from '../core/errors';
import type { Log } from '../core/log';
import { type ConfirmSignature, purposeText, type SignatureWish } from '../credentials/credentialUse';
import type { CommonOptions } from './session';
import type { TerminalTurn } from './terminalTurn';

/** Typed by accident by nobody: a key pressed for the program in the guest is no consent. */
const YES = 'allow';

/**
 * How `--forward-agent` answers for the user; undefined if the agent is not forwarded.
 * @throws BulkheadError of kind `usage` if nobody can be asked
 */
export function signatureAnswers(
  options: CommonOptions,
  turn: TerminalTurn,
  log: Log,
): ConfirmSignature | undefined {
  if (options.allowEverySignature) {
    return async (wish) => {
      log.info(`Signed with ${describeKey(wish)}: ${purposeText(wish.purpose)}`);
      return true;
    };
  }
  if (!options.forwardAgent) {
    return undefined;
  }
  if (!turn.canAsk) {
    throw new BulkheadError('--forward-agent asks about each signature, and there is no terminal to ask on', {
      kind: 'usage',
      next: 'Run it in a terminal; or add --allow-every-signature, which lets the machine log in wherever your keys do.',
    });
  }
  return async (wish, signal) => (await turn.ask(questionOf(wish), signal)) === YES;
}

function questionOf(wish: SignatureWish): string {
  return [
    `bulkhead: the machine ${wish.machineId} asks for a signature with your SSH key`,
    `  key      ${describeKey(wish)}`,
    `  used for ${purposeText(wish.purpose)}`,
    `Type "${YES}" and Enter to sign this once; anything else denies (so does a minute of silence): `,
  ].join('\n');
}

function describeKey({ fingerprint, comment, keyType }: SignatureWish): string {
  return `${comment === '' ? '' : `${comment} `}${keyType} ${fingerprint}`;
}
