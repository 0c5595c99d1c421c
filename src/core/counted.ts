/** One sentence for each of the forms in which a language counts (`Intl.PluralRules`); `other` where it has no other. */
export type Counted = { readonly other: string } & { readonly [form in Intl.LDMLPluralRule]?: string };

/** Written as a record so that the compiler notices a form that is missing. */
export const PLURAL_FORMS: Readonly<Record<Intl.LDMLPluralRule, true>> = {
  zero: true,
  one: true,
  two: true,
  few: true,
  many: true,
  other: true,
};

/** The sentence for a number; where the runtime does not know the language, it counts as in English. */
export function countedForm(locale: string, forms: Counted, count: number): string {
  return forms[rulesOf(locale).select(count)] ?? forms.other;
}

const rules = new Map<string, Intl.PluralRules>();

function rulesOf(locale: string): Intl.PluralRules {
  const known = rules.get(locale) ?? new Intl.PluralRules([locale, "en"]);
  rules.set(locale, known);
  return known;
}
