import type { Report } from "./report-data.ts";
export function renderHtml(_report: Report, _made: readonly object[], _version: string): string {
  return "";
}
