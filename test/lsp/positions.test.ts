import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { textEdits } from "../../lsp/edits.ts";
import { isUtf8, TextPositions, toBytes, toText } from "../../lsp/positions.ts";
import { edited } from "./client.ts";

/** A line with characters of one to four bytes: a, ß, 日, and one that takes two units of UTF-16. */
const WIDE = toBytes("aß日😀z");

test("bytes and text are each other's inverse for UTF-8", () => {
  expect(WIDE.length).toBe(1 + 2 + 3 + 4 + 1);
  expect(toText(WIDE)).toBe("aß日😀z");
  expect(isUtf8(WIDE)).toBe(true);
  expect(isUtf8("gr\xf6\xdfe")).toBe(false);
  expect(toText("gr\xf6\xdfe")).toBe("größe");
});

describe("columns are units of the encoding", () => {
  // Offsets of the characters in bytes, and what stands before each in units.
  const offsets = [0, 1, 3, 6, 10, 11];
  test.each([
    ["utf-8", offsets],
    ["utf-16", [0, 1, 2, 3, 5, 6]],
    ["utf-32", [0, 1, 2, 3, 4, 5]],
  ] as const)("%s", (encoding, columns) => {
    const positions = new TextPositions(`first\n${WIDE}\n`, encoding);
    for (const [index, offset] of offsets.entries()) {
      const position = { line: 1, character: columns[index] as number };
      expect(positions.positionAt(6 + offset)).toEqual(position);
      expect(positions.offsetAt(position)).toBe(6 + offset);
    }
  });

  test("a column inside of a pair of surrogates is the start of the character", () => {
    expect(new TextPositions(WIDE, "utf-16").offsetAt({ line: 0, character: 4 })).toBe(6);
  });

  test("a column beyond the end of its line is that end, and a line beyond the last the end of the text", () => {
    const positions = new TextPositions("ab\r\ncd", "utf-16");
    expect(positions.offsetAt({ line: 0, character: 99 })).toBe(2);
    expect(positions.offsetAt({ line: 7, character: 0 })).toBe(6);
  });

  test("bytes that are not UTF-8 are a unit each", () => {
    const positions = new TextPositions("gr\xf6\xdfe;", "utf-16");
    expect(positions.positionAt(5)).toEqual({ line: 0, character: 5 });
  });
});

test.each([
  ["a\nb", ["a", "b"]],
  ["a\r\nb\r\n", ["a", "b", ""]],
  ["a\rb\r", ["a", "b", ""]],
  ["a\r\r\nb", ["a", "", "b"]],
  ["", [""]],
])("lines of %j", (text, lines) => {
  const positions = new TextPositions(text, "utf-16");
  expect(positions.lineCount).toBe(lines.length);
  expect(lines.map((_, line) => text.slice(positions.lineStart(line), positions.lineEnd(line)))).toEqual(lines);
});

const someText = fc
  .array(fc.constantFrom("a", "ß", "日", "😀", "\n", "\r\n", "x y", "\t", "}"))
  .map((parts) => parts.join(""));

test("every offset at the start of a character survives the way to a position and back", () => {
  fc.assert(
    fc.property(someText, fc.constantFrom("utf-8", "utf-16", "utf-32"), (text, encoding) => {
      const bytes = toBytes(text);
      const positions = new TextPositions(bytes, encoding);
      let offset = 0;
      for (const character of text) {
        // Between \r and \n there is no position.
        if (!(character === "\n" && bytes.charAt(offset - 1) === "\r"))
          expect(positions.offsetAt(positions.positionAt(offset))).toBe(offset);
        offset += toBytes(character).length;
      }
    }),
  );
});

test("edits of lines give the other text, whatever the texts are", () => {
  fc.assert(
    fc.property(someText, someText, (before, after) => {
      const edits = textEdits(new TextPositions(toBytes(before), "utf-16"), toBytes(after));
      expect(edited(before, edits)).toBe(after);
    }),
    { numRuns: 300 },
  );
});
