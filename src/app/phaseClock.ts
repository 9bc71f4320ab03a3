import type { Phase, ReportProgress } from '../core/progress';
import { PHASE_TITLES } from '../core/progress';

/** Measures how long each phase takes (ms), and announces it. */
export class PhaseClock {
  private readonly spent = new Map<Phase, number>();
  private readonly began = performance.now();

  constructor(private readonly onProgress: ReportProgress | undefined) {}

  async time<T>(phase: Phase, work: () => Promise<T>): Promise<T> {
    this.onProgress?.({ phase, message: PHASE_TITLES[phase] });
    const began = performance.now();
    try {
      return await work();
    } finally {
      this.spent.set(phase, (this.spent.get(phase) ?? 0) + performance.now() - began);
    }
  }

  ms(...phases: Phase[]): number {
    return Math.round(phases.reduce((sum, phase) => sum + (this.spent.get(phase) ?? 0), 0));
  }

  get totalMs(): number {
    return Math.round(performance.now() - this.began);
  }
}
