/** Largest file that is parsed, in bytes: the parser needs some fifty times that much memory. */
const MAX_SIZE = 8 * 1024 * 1024;

/** Reason why a file is not worth parsing as C or C++, or null. */
export function findForeignText(path: string, text: string): string | null {
  if (text.length > MAX_SIZE) return "the file is larger than 8 MB";
  if (path.endsWith(".src")) return "a template, not C: it has to be expanded first";
  const sample = text.slice(0, 8192);
  let control = 0;
  let placeholders = 0;
  for (let i = 0; i < sample.length; i++) {
    const c = sample.charCodeAt(i);
    if (c === 0 || (c < 32 && c !== 9 && c !== 10 && c !== 12 && c !== 13 && c !== 27)) control++;
    else if (c === 64) placeholders++;
  }
  if (control > 8 && control * 50 > sample.length) return "binary data, not C";
  if (placeholders > 4 && text.includes("/**begin repeat")) return "a template, not C: it has to be expanded first";
  return null;
}
