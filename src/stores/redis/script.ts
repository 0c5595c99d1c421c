import { createHash } from "node:crypto";

/** A Lua script and the name Redis knows it by. */
export interface Script {
  readonly lua: string;
  readonly sha: string;
}

/**
 * `no-writes` lets a script read when memory is full; `allow-oom` lets it write then. Without either, Redis refuses it
 * before its first line, so that no script is ever left half done.
 */
export function script(lua: string, flags: "" | "no-writes" | "allow-oom" = ""): Script {
  const whole = `#!lua${flags && ` flags=${flags}`}\n${lua.trim()}\n`;
  return { lua: whole, sha: createHash("sha1").update(whole).digest("hex") };
}
