/** Sources are held as bytes, one character each; people read text. */

const STRICT = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Text of bytes: UTF-8 where they are UTF-8, otherwise latin-1. Text that has more than bytes already stays. */
export function readable(bytes: string): string {
  const codes = new Uint8Array(bytes.length);
  let plain = true;
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    if (code > 0xff) return bytes;
    if (code > 0x7f) plain = false;
    codes[i] = code;
  }
  if (plain) return bytes;
  try {
    return STRICT.decode(codes);
  } catch {
    return bytes;
  }
}
