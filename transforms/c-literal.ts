/** The C string literal, with quotes, of a text whose characters are bytes (latin-1). */
export function cString(text: string): string {
  let literal = '"';
  for (const character of text) {
    const code = character.charCodeAt(0);
    if (character === '"' || character === "\\") literal += `\\${character}`;
    else if (character === "\n") literal += "\\n";
    else if (character === "\t") literal += "\\t";
    // Three octal digits end by themselves, while a hexadecimal escape would swallow the digits that follow it.
    else if (code < 0x20 || code > 0x7e) literal += `\\${code.toString(8).padStart(3, "0")}`;
    else literal += character;
  }
  return `${literal}"`;
}
