/** No instruction that matters here is longer (characters). */
const LINE_MAX = 65_536;

/** Instructions that the classic builder doesn't know (docs.docker.com/reference/dockerfile), at the start of a line. */
const BUILDKIT_ONLY =
  /^(?:RUN|COPY|ADD)\s+--(?:mount|network|security|link|parents|exclude)\b|^(?:RUN|COPY)\s.*<<-?\s*["']?[A-Za-z_]/i;

/** A Dockerfile's lines, cut, without what stands around them: expressions on it begin at a word, and look at one line only. */
export function dockerfileLines(text: string): string[] {
  return text.split('\n').map((line) => line.trim().slice(0, LINE_MAX));
}

/** Whether only BuildKit can build it. */
export function needsBuildKit(text: string): boolean {
  return dockerfileLines(text).some((line) => BUILDKIT_ONLY.test(line));
}
