/** Pages of rules, refusals, diagnostics and names of the C API as Markdown. */
import { explain } from "../engine/explain.ts";

/** Markdown of what `hpy-migrate explain` tells; null where nothing has this name. */
export function explanationMarkdown(id: string): string | null {
  const found = explain(id);
  if (found === null) return null;
  const parts = [`**\`${found.id}\`** (${found.kind}): ${found.title}`, found.text.trim()];
  if (found.example) {
    parts.push("Before:", code(found.example.before), "After:", code(found.example.after));
  }
  return parts.join("\n\n");
}

function code(text: string): string {
  return `\`\`\`c\n${text.trimEnd()}\n\`\`\``;
}
