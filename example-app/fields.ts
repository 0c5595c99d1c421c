/** A field of a parsed body, JSON or form, as the text that a person typed; empty for anything else. */
export function field(body: unknown, name: string): string {
  const value = typeof body === "object" && body !== null ? (body as Record<string, unknown>)[name] : undefined;
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
