import { Fields } from "../../express/service/fields.js";

/** Where an answer finds each of its values: `{ "current-code": "incomingunit.metadata.current-code" }`. */
export type ResponseData = Readonly<Record<string, string>>;

/** How the body of a call is written, the vendor's own spelling of its names included. */
export function callBody(
  workflowId: string,
  trigger: string,
  metadata: Readonly<Record<string, string>>,
  wanted?: ResponseData,
): string {
  const settings = wanted && { RequestSettings: { "content-type": "json", ResponseData: wanted } };
  return JSON.stringify({ workflowid: workflowId, triggernames: trigger, metadata, ...settings });
}

/** A call as it came in. */
export interface Call {
  readonly workflowId: string;
  /** In lower case; none where the call leaves them out. */
  readonly triggers: readonly string[];
  /** Names in lower case. */
  readonly metadata: ReadonlyMap<string, string>;
  /** What the answer is to hold; absent for a call that is answered before it is carried out. */
  readonly wanted?: readonly (readonly [name: string, path: string])[];
}

const MAX_METADATA = 50;
const MAX_VALUE = 1_000;
const MAX_WANTED = 50;

/** Reads a call, or says in the vendor's words what is wrong with it. Names of fields are read in any case. */
export function readCall(body: unknown): Call | string {
  const fields = new Fields(body);
  const workflowId = fields.text("workflowid")?.trim().toLowerCase();
  if (!workflowId) return "workflowid is missing.";
  const triggers = readTriggers(fields.get("triggernames", "triggername"));
  if (!triggers) return "triggernames must be a name, or a list of names.";
  const metadata = readMetadata(fields.get("metadata"), fields.record("metadata"));
  if (!metadata) return `metadata must be an object of at most ${MAX_METADATA} short values.`;
  const settings = fields.get("requestsettings");
  if (settings === undefined) return { workflowId, triggers, metadata };
  const wanted = readWanted(fields.record("requestsettings"));
  if (!wanted) return `RequestSettings.ResponseData must be an object of at most ${MAX_WANTED} paths.`;
  return { workflowId, triggers, metadata, wanted };
}

/** A name, names with commas between them, or a list. */
function readTriggers(value: unknown): string[] | undefined {
  const list: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  if (!list.every((each) => typeof each === "string")) return undefined;
  const names = list.flatMap((each) => each.split(",")).map((name) => name.trim().toLowerCase());
  return names.filter((name) => name !== "");
}

/** Texts, numbers and truth values; whatever else metadata holds is left out. */
function readMetadata(value: unknown, record: object | undefined): Map<string, string> | undefined {
  if (value === undefined) return new Map();
  const entries = record && Object.entries(record);
  if (!entries || entries.length > MAX_METADATA) return undefined;
  const metadata = new Map<string, string>();
  for (const [name, each] of entries as [string, unknown][]) {
    if (typeof each !== "string" && typeof each !== "number" && typeof each !== "boolean") continue;
    if (name.length > 100 || String(each).length > MAX_VALUE) return undefined;
    metadata.set(name.toLowerCase(), String(each));
  }
  return metadata;
}

function readWanted(settings: unknown): [string, string][] | undefined {
  if (settings === undefined) return undefined;
  const fields = new Fields(settings);
  const data = fields.record("responsedata");
  if (!data) return fields.get("responsedata") === undefined ? [] : undefined;
  const entries = Object.entries(data);
  if (entries.length > MAX_WANTED) return undefined;
  return entries.map(([name, path]) => [name, typeof path === "string" ? path.trim().toLowerCase() : ""]);
}

/** What the paths of an answer are looked up in; names in lower case. */
export interface Context {
  /** Of the workflow: what the call brought, and what came of it. */
  readonly metadata: ReadonlyMap<string, string>;
  /** The recipient, where the call has found one. */
  readonly unit?: { readonly to: string; readonly metadata: ReadonlyMap<string, string> };
}

/** The value at a path such as `incomingunit.metadata.current-code`; `undefined` where there is none. */
export function valueAt(path: string, { metadata, unit }: Context): string | undefined {
  const ofUnit = /^incomingunit\.metadata\.(.+)$/.exec(path)?.[1];
  if (ofUnit !== undefined) return unit?.metadata.get(ofUnit);
  const ofWorkflow = /^metadata\.(.+)$/.exec(path)?.[1];
  if (ofWorkflow !== undefined) return metadata.get(ofWorkflow);
  const isMail = unit?.to.includes("@");
  if (path === "incomingunit.phone" || path === "incomingunit.phonenumber") return isMail ? undefined : unit?.to;
  if (path === "incomingunit.email" || path === "incomingunit.emailaddress") return isMail ? unit?.to : undefined;
  return undefined;
}

/** The answer to a call without `RequestSettings`. The vendor writes instants with seven decimals. */
export function acceptedReply(processId: string, created: Date): object {
  return { processId, created: created.toISOString().replace("Z", "0000Z") };
}

/** The answer to a call with them. */
export function dataReply(
  data: Readonly<Record<string, string | null>>,
  processId: string,
  milliseconds: number,
): object {
  return { data, processId, executionTime: Math.max(0, Math.round(milliseconds)) };
}

export function errorReply(message: string): object {
  return { errors: [{ errorMessage: message }] };
}

/** What an answer of the vendor says: nothing for each part that it does not say plainly. */
export interface Told {
  readonly processId?: string;
  readonly data: ReadonlyMap<string, string>;
  /** Why it refused, in its own words. */
  readonly errors: readonly string[];
}

/** Reads an answer to the letter; whatever is not of the documented shape is left out. */
export function readAnswer(text: string): Told {
  const { processId, data, errors } = recordOf(parse(text));
  const words = (Array.isArray(errors) ? errors : []).map((each: unknown) => recordOf(each)["errorMessage"]);
  return {
    ...(typeof processId === "string" && processId !== "" ? { processId } : {}),
    data: new Map(
      Object.entries(recordOf(data)).filter((entry): entry is [string, string] => typeof entry[1] === "string"),
    ),
    errors: words
      .filter((each) => typeof each === "string")
      .slice(0, 5)
      .map((each) => each.slice(0, 200)),
  };
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
