import path from "node:path";
import { pathToFileURL } from "node:url";

export const root = path.join(import.meta.dirname, "../../../../..");

/** A file of the built package that no entry of it shows. */
export async function built<T>(file: string): Promise<T> {
  return (await import(pathToFileURL(path.join(root, "dist", file)).href)) as T;
}
