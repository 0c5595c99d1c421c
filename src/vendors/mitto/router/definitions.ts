import { defined } from "../../../core/defined.js";
import { invalid } from "../../../verification/prepare.js";
import type { Defined, Definition } from "../../../verification/registry.js";
import { type Answer, dataAnswer, type Refusal } from "../wire/answers.js";
import { definitionPage } from "../wire/paging.js";
import { required, textOf } from "../wire/send.js";
import { newSid } from "../wire/values.js";
import { actedFor, type Call, type Handler, readPage, refuse } from "./call.js";
import type { MittoDefinitions, Served } from "./options.js";

/** What tells limits and workflows apart. */
export interface Kind<Stored, Given extends object> {
  readonly prefix: "LM" | "WF";
  readonly path: string;
  readonly exists: Refusal;
  readonly unknown: Refusal;
  definitions(served: Served): MittoDefinitions<Stored, Given>;
  /** The value in a call: what the engine counts by, and what its author gets back. Nothing where there is none. */
  read(call: Call): { readonly given: Given; readonly kept: object } | undefined;
  /** A definition as it is answered; `kept` is what `read` made, or nothing for one that was not made here. */
  show(call: Call, definition: Definition<Stored>, kept: object | undefined, description: string | null): object;
}

/** The five calls about definitions of one kind. */
export interface DefinitionHandlers {
  readonly create: Handler;
  readonly update: Handler;
  readonly remove: Handler;
  readonly list: Handler;
  readonly one: Handler;
}

/** All definitions that an account can have; more are refused when they are made. */
const ALL = 1_000;
const MAX_DESCRIPTION = 1_000;
/** Clients get back what they submitted, letter by letter; the engine keeps only what it counts by, and this beside it. */
const KEPT = "mitto";

export function definitionHandlers<Stored, Given extends object>(kind: Kind<Stored, Given>): DefinitionHandlers {
  return {
    create: (call) => create(kind, call),
    update: (call) => update(kind, call),
    list: (call) => list(kind, call),
    async remove(call) {
      return answer(kind, call, await kind.definitions(call.served).remove({ account: call.account.sid, id: call.id }));
    },
    async one(call) {
      const found = await kind.definitions(call.served).get({ account: call.account.sid, id: call.id });
      return found ? dataAnswer(shown(kind, call, found)) : refuse(call.served, kind.unknown);
    },
  };
}

async function create<S, G extends object>(kind: Kind<S, G>, call: Call): Promise<Answer> {
  const name = required(call.fields, "name", 200);
  const value = kind.read(call);
  if (!value) throw invalid("There is nothing to define.");
  const described = defined({ description: descriptionIn(call) });
  const metadata = { [KEPT]: value.kept };
  const id = newSid(kind.prefix);
  const definition = { account: call.account.sid, name, ...described, metadata, id, ...value.given };
  return answer(kind, call, await kind.definitions(call.served).create(definition));
}

async function update<S, G extends object>(kind: Kind<S, G>, call: Call): Promise<Answer> {
  const which = { account: call.account.sid, id: call.id };
  const definitions = kind.definitions(call.served);
  const before = await definitions.get(which);
  if (!before) return refuse(call.served, kind.unknown);
  const value = kind.read(call);
  const given: Partial<G> = value?.given ?? {};
  const metadata = value && { ...before.metadata, [KEPT]: value.kept };
  const change = { ...which, ...defined({ description: descriptionIn(call), metadata }), ...given };
  return answer(kind, call, await definitions.update(change));
}

async function list<S, G extends object>(kind: Kind<S, G>, call: Call): Promise<Answer> {
  const asked = readPage(call.fields, call.served);
  const name = textOf(call.fields, ["name"], 200);
  const { total, found } = await page(call, kind, name, asked.page * asked.pageSize, asked.pageSize);
  const rows = found.map((definition) => shown(kind, call, definition));
  return dataAnswer(definitionPage(`${kind.path}/search`, asked, total, rows, { name, accountSid: actedFor(call) }));
}

function answer<S, G extends object>(kind: Kind<S, G>, call: Call, made: Defined<S>): Answer {
  if (made.ok) return dataAnswer(shown(kind, call, made.definition));
  if (made.reason === "name_taken") return refuse(call.served, kind.exists);
  if (made.reason === "not_found") return refuse(call.served, kind.unknown);
  return refuse(call.served, "invalidRequest", made.reason === "too_many" ? "There are too many already." : undefined);
}

function shown<S, G extends object>(kind: Kind<S, G>, call: Call, definition: Definition<S>): object {
  const kept = definition.metadata?.[KEPT];
  return kind.show(call, definition, kept === undefined ? undefined : Object(kept), definition.description ?? null);
}

async function page<Stored, Given extends object>(
  { served, account }: Call,
  kind: Kind<Stored, Given>,
  name: string | undefined,
  offset: number,
  limit: number,
) {
  const definitions = kind.definitions(served);
  if (name === undefined) return definitions.search({ account: account.sid, offset, limit });
  const { found } = await definitions.search({ account: account.sid, offset: 0, limit: ALL });
  const fitting = found.filter((definition) => definition.name === name);
  return { total: fitting.length, found: fitting.slice(offset, offset + limit) };
}

function descriptionIn({ fields }: Call): string | undefined {
  return textOf(fields, ["description"], MAX_DESCRIPTION);
}
