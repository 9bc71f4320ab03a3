import { relative, resolve } from 'node:path';
import type { Command } from 'commander';
import { EXIT } from '../core/errors';
import type { EffectiveSetting, EffectiveSettings } from '../settings/effectiveSettings';
import type { Origin } from '../settings/origin';
import { type AllowOptions, allowedKinds, withAllowOptions } from './allowOptions';
import { formatBytes, formatTable } from './format';
import { type CommonOptions, type Run, withCommonOptions } from './session';
import { type SettingsOptions, settingsOverrides, withSettingsOptions } from './settingsOptions';

export function addConfigCommand(program: Command, run: Run): void {
  withAllowOptions(withSettingsOptions(withCommonOptions(program.command('config'))))
    .description('print every setting that counts for the folder, and where it comes from')
    .argument('[folder]', 'the workspace folder', '.')
    .addHelpText(
      'after',
      '\nThe strongest first: command line, .bulkhead.json, devcontainer.json, user settings, default.\nUser settings are the editor’s own ("bulkhead.*"): in a terminal there are none.\n--allow-… shows what would count if you allowed it; only `up` and `consent --grant` keep that.',
    )
    .action((folder: string, options: CommonOptions & SettingsOptions & AllowOptions) =>
      run(options, async (session) => {
        const allow = allowedKinds(options);
        const found = await session.app.effectiveSettings(resolve(session.terminal.cwd(), folder), {
          overrides: settingsOverrides(options),
          ...(allow && { allow }),
          signal: session.signal,
        });
        session.output.result(toJson(found), describe(found));
        for (const warning of found.warnings) {
          session.status.log.warn(warning);
        }
        return EXIT.done;
      }),
    );
}

/** As people and editors count: lines and columns from 1. */
function toJson({ folder, settings, sources, warnings, asks }: EffectiveSettings): unknown {
  return {
    folder,
    settings: settings.map(({ origin: { kind, file, range, key, note }, ...setting }) => ({
      ...setting,
      from: {
        kind,
        ...(file !== undefined && { file }),
        ...(range && { line: range.line + 1, column: range.column + 1 }),
        ...(key !== undefined && { key }),
        ...(note !== undefined && { note }),
      },
    })),
    sources,
    warnings,
    asks,
  };
}

function describe({ folder, settings }: EffectiveSettings): string[] {
  return [
    `Settings of ${folder}`,
    '',
    ...formatTable(
      ['SETTING', 'VALUE', 'FROM'],
      settings.map((setting) => [setting.key, shownValue(setting), shownOrigin(folder, setting)]),
    ),
  ];
}

function shownValue({ key, value, unit }: EffectiveSetting): string {
  if (value === null) {
    return key === 'remoteUser' ? "the image's user" : '';
  }
  if (unit === 'bytes' && typeof value === 'number') {
    return formatBytes(value);
  }
  if (unit === 'ms' && typeof value === 'number') {
    return shownTime(value);
  }
  if (typeof value === 'object' && Object.keys(value).length === 0) {
    return '-';
  }
  if (Array.isArray(value) && value.every((entry) => typeof entry !== 'object')) {
    return value.join(', ');
  }
  return typeof value === 'object' ? JSON.stringify(value) : String(value);
}

/** As it would be written into the file. */
function shownTime(ms: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
  ] as const;
  const [unit, size] = units.find(([, each]) => ms % each === 0) ?? ['s', 1000];
  return `${ms / size}${unit}`;
}

function shownOrigin(folder: string, { key, origin }: EffectiveSetting): string {
  const note = origin.note === undefined ? '' : ` (${origin.note})`;
  return `${place(folder, key, origin)}${note}`;
}

function place(folder: string, key: string, { kind, file, range, key: written }: Origin): string {
  if (file === undefined || range === undefined) {
    return kind;
  }
  const there = written === undefined || written === key ? '' : ` ${written}`;
  return `${relative(folder, file)}:${range.line + 1}:${range.column + 1}${there}`;
}
