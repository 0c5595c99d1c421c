/** Lists of documents, each under a name. */
export class Documents {
  readonly #lists = new Map<string, Map<string, string>>();

  add(list: string, name: string, document: string): boolean {
    const names = this.#lists.get(list) ?? new Map<string, string>();
    if (names.has(name)) return false;
    this.#lists.set(list, names.set(name, document));
    return true;
  }

  replace(list: string, name: string, document: string): boolean {
    const names = this.#lists.get(list);
    return names?.has(name) === true && !!names.set(name, document);
  }

  remove(list: string, name: string): boolean {
    return this.#lists.get(list)?.delete(name) === true;
  }

  all(list: string): readonly string[] {
    return [...(this.#lists.get(list)?.values() ?? [])];
  }
}
