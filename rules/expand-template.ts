/** What stands for the placeholders of a template. */
export interface TemplateArguments {
  /** C spelling of the context: `ctx`. */
  readonly context: string;
  /** One text per argument as it is written in HPy: handles, and C values as they were. */
  readonly arguments: readonly string[];
  /** The same arguments as they were written, for `$q`; the default is `arguments`. */
  readonly sources?: readonly string[];
}

/**
 * The template with its placeholders replaced. `$*` takes the arguments after the highest one named,
 * and `$n` is their number.
 *
 * @throws RangeError for a placeholder without argument.
 */
export function expandTemplate(template: string, values: TemplateArguments): string {
  const parts = templateParts(template);
  const named = parts.flatMap((part) => (part.kind === "argument" || part.kind === "source" ? [part.index] : []));
  const restStart = named.length === 0 ? 0 : Math.max(...named) + 1;
  const texts: string[] = [];
  for (const part of parts) {
    switch (part.kind) {
      case "text":
        texts.push(part.text);
        break;
      case "context":
        texts.push(values.context);
        break;
      case "rest":
        texts.push(...values.arguments.slice(restStart).map((argument) => `, ${argument}`));
        break;
      case "count":
        texts.push(String(Math.max(0, values.arguments.length - restStart)));
        break;
      case "argument":
        texts.push(argumentAt(values.arguments, part.index));
        break;
      case "source":
        texts.push(JSON.stringify(argumentAt(values.sources ?? values.arguments, part.index)));
        break;
    }
  }
  return texts.join("");
}

function argumentAt(texts: readonly string[], index: number): string {
  const text = texts[index];
  if (text === undefined) throw new RangeError(`there is no argument ${index}`);
  return text;
}

/** A piece of a template. */
export type TemplatePart =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "context" }
  | { readonly kind: "rest" }
  | { readonly kind: "count" }
  | { readonly kind: "argument"; readonly index: number }
  | { readonly kind: "source"; readonly index: number };

/**
 * The pieces of a template in order.
 *
 * @throws RangeError for a `$` that starts no placeholder.
 */
export function templateParts(template: string): TemplatePart[] {
  const [first = "", ...rest] = template.split("$");
  const parts: TemplatePart[] = first === "" ? [] : [{ kind: "text", text: first }];
  for (const piece of rest) {
    const [part, length] = placeholderAt(piece);
    parts.push(part);
    if (piece.length > length) parts.push({ kind: "text", text: piece.slice(length) });
  }
  return parts;
}

function placeholderAt(piece: string): [TemplatePart, number] {
  if (piece.startsWith("ctx")) return [{ kind: "context" }, 3];
  if (piece.startsWith("*")) return [{ kind: "rest" }, 1];
  if (piece.startsWith("n")) return [{ kind: "count" }, 1];
  const quoted = piece.startsWith("q");
  const digit = piece.charAt(quoted ? 1 : 0);
  if (digit < "0" || digit > "9" || digit === "") throw new RangeError(`"$${piece}" starts no placeholder`);
  const index = Number(digit);
  return quoted ? [{ kind: "source", index }, 2] : [{ kind: "argument", index }, 1];
}

/** The identifiers in a template, placeholders left out, in order of appearance. */
export function templateIdentifiers(template: string): string[] {
  return templateParts(template).flatMap((part) => (part.kind === "text" ? identifiers(part.text) : []));
}

function identifiers(text: string): string[] {
  const found: string[] = [];
  let word = "";
  let inString = false;
  for (const character of `${text} `) {
    if (character === '"') inString = !inString;
    if (!inString && isWordCharacter(character)) {
      word += character;
      continue;
    }
    if (word !== "" && !(word.charAt(0) >= "0" && word.charAt(0) <= "9")) found.push(word);
    word = "";
  }
  return found;
}

function isWordCharacter(character: string): boolean {
  return (
    character === "_" ||
    (character >= "0" && character <= "9") ||
    (character >= "A" && character <= "Z") ||
    (character >= "a" && character <= "z")
  );
}
