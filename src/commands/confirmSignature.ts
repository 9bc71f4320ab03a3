import * as vscode from 'vscode';
import { showInformation } from '../attach/notify';
import { forLabel } from '../core/plainText';
import type { SignatureWish } from '../credentials/credentialUse';

/**
 * Asks whether a guest may have one signature. The first button, which Enter presses, denies: somebody may be typing when
 * the question comes up.
 */
export async function confirmSignature(wish: SignatureWish, signal: AbortSignal): Promise<boolean> {
  const { t } = vscode.l10n;
  const allow = t('Allow Once');
  const message = t('The VM {0} asks for a signature with your SSH key', forLabel(wish.machineId));
  const pressed = await vscode.window.showWarningMessage(
    message,
    { modal: true, detail: detailOf(wish) },
    t('Deny'),
    allow,
  );
  if (signal.aborted) {
    // VS Code can't take a question off the screen.
    const late = t(
      'Too late: the request was denied after a minute, or it was taken back. Nothing was signed.',
    );
    void showInformation(late);
    return false;
  }
  return pressed === allow;
}

function detailOf({ comment, keyType, fingerprint, purpose }: SignatureWish): string {
  const { t } = vscode.l10n;
  const text = (value: string) => forLabel(value, 200);
  const lines = [t('Key: {0}', text(`${comment} ${keyType}`.trim())), text(fingerprint), ''];
  if (purpose.kind === 'login') {
    lines.push(t('It is for an SSH login as “{0}”.', text(purpose.user)));
    lines.push(
      purpose.hostKey === undefined
        ? t('It does not say on which server: it is good for any server that takes this key for that user.')
        : t('It is good only for the server with the host key {0}.', text(purpose.hostKey)),
    );
  } else if (purpose.kind === 'file') {
    lines.push(
      t('It is NOT for a login: it signs data, such as a commit or a file (“{0}”).', text(purpose.namespace)),
    );
  } else {
    lines.push(t('It is NOT an SSH login: nobody can say what these {0} bytes are good for.', purpose.bytes));
  }
  lines.push('', t('If you have not just started something in the VM that logs in with this key, deny it.'));
  return lines.join('\n');
}
