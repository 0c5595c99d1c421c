/**
 * A pattern that names kinds of characters, as `\p{L}` does, and is read when it is first used. Literals are read with the
 * file that they stand in, whether or not anything comes to them, and such a kind is looked for among all characters that
 * there are: of the time that the package took to load, a fifth went there.
 */
export function pattern(source: string, flags: string): () => RegExp {
  let read: RegExp | undefined;
  return () => (read ??= new RegExp(source, flags));
}
