import * as vscode from 'vscode';
import { forLabel } from '../core/plainText';
import type { MachineInfo } from '../machine/hypervisor';
import type { NetworkMode, OnClose, WorkspaceMode } from '../settings/workspaceSpec';

/** One toggle of the status bar. `tooltip` is plain text, never Markdown: a machine's name comes from a repo. */
export interface ToggleText {
  text: string;
  tooltip: string;
  danger: boolean;
}

/** What a mode is called, and what it means in one line. */
export interface ModeText {
  icon: string;
  label: string;
  detail: string;
}

export function networkModeText(mode: NetworkMode): ModeText {
  const { t } = vscode.l10n;
  const texts: Record<NetworkMode, ModeText> = {
    none: {
      icon: 'lock',
      label: t('No Network'),
      detail: t('The VM reaches nothing: not the internet, not this computer, not the local network.'),
    },
    allowlist: {
      icon: 'filter',
      label: t('Allowlist'),
      detail: t('The VM reaches only the hosts that you allowed; the Network view shows what it asks for.'),
    },
    full: {
      icon: 'globe',
      label: t('Full Network'),
      detail: t(
        'The VM reaches all that containers here reach: the internet, the local network, metadata services.',
      ),
    },
  };
  return texts[mode];
}

export function workspaceModeText(mode: WorkspaceMode, readOnly: boolean): ModeText {
  const { t } = vscode.l10n;
  if (mode === 'copy') {
    return {
      icon: 'files',
      label: t('Copy'),
      detail: t(
        'The VM works on its own copy. Nothing that it writes reaches the folder on this computer by itself.',
      ),
    };
  }
  return readOnly
    ? {
        icon: 'folder-library',
        label: t('Mount, Read-Only'),
        detail: t('The VM reads the folder on this computer, and can’t change it.'),
      }
    : {
        icon: 'folder-library',
        label: t('Mount'),
        detail: t('The VM reads and writes the folder on this computer itself.'),
      };
}

export function onCloseText(onClose: OnClose): ModeText {
  const { t } = vscode.l10n;
  const texts: Record<OnClose, ModeText> = {
    suspend: {
      icon: 'debug-pause',
      label: t('Suspend on Close'),
      detail: t(
        'Its memory goes to disk and is freed; its programs go on where they were when you come back.',
      ),
    },
    stop: {
      icon: 'debug-stop',
      label: t('Stop on Close'),
      detail: t('It shuts down. Its disk stays; its programs end.'),
    },
    keep: {
      icon: 'coffee',
      label: t('Keep Running'),
      detail: t('It stays awake without a window, with its memory and CPU, until you suspend or stop it.'),
    },
  };
  return texts[onClose];
}

export function networkToggle(info: MachineInfo): ToggleText {
  const { t } = vscode.l10n;
  const mode = networkModeText(info.networkMode);
  return {
    text: `$(${mode.icon}) ${mode.label}`,
    tooltip: lines(
      t('Network of {0}: {1}', forLabel(info.name), mode.label),
      mode.detail,
      t('Click to change it.'),
    ),
    danger: info.networkMode === 'full',
  };
}

export function workspaceToggle(info: MachineInfo): ToggleText {
  const { t } = vscode.l10n;
  const mode = workspaceModeText(info.workspaceMode, info.readOnly === true);
  return {
    text: `$(${mode.icon}) ${mode.label}`,
    tooltip: lines(
      t('Workspace of {0}: {1}', forLabel(info.name), mode.label),
      mode.detail,
      t('Folder on this computer: {0}', forLabel(info.folder, 300)),
      info.workspaceMode === 'copy' || info.readOnly
        ? t('Click for what is copied and for other ways.')
        : t('What it writes there is on this computer at once, and what runs it here has no wall.'),
    ),
    danger: info.workspaceMode === 'mount' && info.readOnly !== true,
  };
}

export function onCloseToggle(info: MachineInfo, onClose: OnClose): ToggleText {
  const { t } = vscode.l10n;
  const mode = onCloseText(onClose);
  return {
    text: `$(${mode.icon}) ${mode.label}`,
    tooltip: lines(
      t('When the last window on {0} closes: {1}', forLabel(info.name), mode.label),
      mode.detail,
      info.onCloseChosen
        ? t('Chosen for this machine on this computer.')
        : t('From the folder’s settings, or your own.'),
      t('Click to change it.'),
    ),
    danger: false,
  };
}

/** What an item says while the machine's state can't be read: nothing that might be wrong. */
export function unknownToggle(what: string): ToggleText {
  const { t } = vscode.l10n;
  return {
    text: `$(question) ${what}`,
    tooltip: lines(t('{0}: not known, the Docker Engine does not answer.', what), t('Click to try again.')),
    danger: false,
  };
}

function lines(...texts: string[]): string {
  return texts.join('\n');
}
