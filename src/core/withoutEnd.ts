/**
 * `text` without the characters of `ends` that it ends with. What `/[…]+$/` does too, but that looks again from each of a run of
 * such characters in the midst of the text: minutes, where somebody hostile wrote it.
 */
export function withoutEnd(text: string, ends: string): string {
  let length = text.length;
  while (length > 0 && ends.includes(text.charAt(length - 1))) {
    length--;
  }
  return text.slice(0, length);
}
