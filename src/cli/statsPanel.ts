import type { ResourceSample } from '../app';
import { forTerminal } from '../core/plainText';
import type { MachineInfo, MachineUsage } from '../machine/hypervisor';
import { formatBytes } from './format';

const BAR_CELLS = 20;
/** Eighths of a cell, from one to seven. */
const EIGHTHS = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];
const LABEL = 12;
const COLUMN = 34;

/** `percent` of 100 as a bar of `cells` characters. */
export function bar(percent: number, cells = BAR_CELLS): string {
  const eighths = Math.round((Math.min(100, Math.max(0, percent)) / 100) * cells * 8);
  const full = '█'.repeat(Math.floor(eighths / 8));
  return `${full}${eighths % 8 === 0 ? '' : EIGHTHS[(eighths % 8) - 1]}`.padEnd(cells, '·');
}

/**
 * A machine's use for people: what the host measures on the left, what the guest says of itself on the right.
 * Each line is at most `columns` characters.
 */
export function statsPanel(machine: MachineInfo, sample: ResourceSample, columns = 100): string[] {
  const { host, guest } = sample;
  const limit = host.memoryLimitBytes || machine.memoryBytes;
  const line = (label: string, left: string, right = '') =>
    `${label.padEnd(LABEL)}${left.padEnd(COLUMN)}${right}`.trimEnd();
  const guestMemory = guest?.memory;
  const cpus = Array.from({ length: Math.max(host.vcpuPercent.length, guest?.cpuPercent.length ?? 0) });
  const lines = [
    `${machine.id}: ${machine.accelerator}, ${machine.cpus} CPUs, ${formatBytes(machine.memoryBytes)}`,
    '',
    line('', 'THE HOST MEASURES', guest ? 'THE GUEST SAYS' : 'THE GUEST DOES NOT ANSWER'),
    line('CPU', percent(host.cpuPercent), guest && percent(sum(guest.cpuPercent))),
    ...cpus.map((_, n) => line(`  CPU ${n}`, meter(host.vcpuPercent[n]), meter(guest?.cpuPercent[n]))),
    line(
      'memory',
      `${bar((host.memoryBytes / limit) * 100, 10)} ${formatBytes(host.memoryBytes)} of ${formatBytes(limit)}`,
      guestMemory &&
        `${bar((guestMemory.usedBytes / (guestMemory.totalBytes || 1)) * 100, 10)} ${formatBytes(guestMemory.usedBytes)} of ${formatBytes(guestMemory.totalBytes)}, ${formatBytes(guestMemory.cachedBytes)} cached`,
    ),
    line(
      'disk',
      `${formatBytes(host.upperDiskBytes)} taken`,
      guest && `${formatBytes(guest.disk.usedBytes)} of ${formatBytes(guest.disk.sizeBytes)}`,
    ),
    line('  read', rate(host.readBytesPerSecond), guest && rate(guest.readBytesPerSecond)),
    line('  write', rate(host.writeBytesPerSecond), guest && rate(guest.writeBytesPerSecond)),
    line('network', inAndOut(host.network) ?? 'none', inAndOut(guest?.network)),
  ];
  if (guest) {
    lines.push('', ...processLines(guest), `${guest.processCount} processes`);
  }
  return lines.map((text) => forTerminal(text, Math.max(20, columns)));
}

function processLines(guest: NonNullable<ResourceSample['guest']>): string[] {
  const row = (cells: string[], name: string) =>
    `${cells.map((cell, n) => cell.padStart([8, 11, 8, 9][n] ?? 8)).join('')}  ${name}`;
  return [
    row(['PID', 'UID', 'CPU', 'MEMORY'], 'PROCESS'),
    ...guest.processes.map((process) =>
      row(
        [
          String(process.pid),
          String(process.uid),
          percent(process.cpuPercent),
          formatBytes(process.memoryBytes),
        ],
        process.kit ? `${process.name} (Bulkhead’s)` : process.name,
      ),
    ),
  ];
}

export const STATS_HEADER = [
  ...['CPU', 'MEMORY', 'LIMIT', 'DISK', 'READ', 'WRITTEN'],
  ...['GUEST CPU', 'USED', 'CACHED', 'PROCESSES'],
];

/** One sample as cells under `STATS_HEADER`, for a log rather than a screen. */
export function statsCells(usage: MachineUsage, sample: ResourceSample | undefined): string[] {
  const guest = sample?.guest;
  return [
    percent(usage.cpuPercent),
    ...[
      usage.memoryBytes,
      usage.memoryLimitBytes,
      usage.upperDiskBytes,
      usage.blockReadBytes,
      usage.blockWriteBytes,
    ].map(formatBytes),
    ...(guest
      ? [
          percent(sum(guest.cpuPercent)),
          formatBytes(guest.memory.usedBytes),
          formatBytes(guest.memory.cachedBytes),
          String(guest.processCount),
        ]
      : ['-', '-', '-', '-']),
  ];
}

/** Fixed columns, so that each later line of --follow stands under the first. */
export function statsLine(cells: string[]): string {
  return cells.map((cell) => cell.padStart(9)).join(' ');
}

function sum(numbers: number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function percent(value: number): string {
  return `${value.toFixed(1)}%`;
}

function meter(value: number | undefined): string {
  return value === undefined ? '' : `${bar(value)} ${percent(value).padStart(6)}`;
}

function rate(bytes: number): string {
  return `${formatBytes(Math.round(bytes))}/s`;
}

function inAndOut(
  network: { receivedBytesPerSecond: number; sentBytesPerSecond: number } | undefined,
): string | undefined {
  return network && `${rate(network.receivedBytesPerSecond)} in, ${rate(network.sentBytesPerSecond)} out`;
}
