import { maker } from "../../core/called.js";
import { misconfigured } from "../../core/errors.js";
import { checkKeys, oneOf } from "../../core/options.js";
import { credential } from "../../providers/credential.js";
import { type BoundedAnswer, checkedBase, postBounded, refusal } from "../../providers/http.js";
import {
  DeliveryError,
  type DeliveryFacts,
  type SendContext,
  type VerificationProvider,
} from "../../providers/provider.js";
import { checkNames, type WorkflowNames } from "./names.js";
import { callBody, readAnswer, type ResponseData, type Told } from "./wire.js";

export interface MobileResponseOptions {
  /** Made under Tools → REST-api tokens. */
  apiToken: string | undefined;
  /** The id of the installed 2FA service. */
  workflowId: string | undefined;
  /** The header that carries the token; the vendor's newer manuals and its own app say `api-key`. @default "api-token" */
  authHeader?: "api-token" | "api-key";
  /** @default "https://rest.mobileresponse.io" */
  baseUrl?: string;
  /** Of the API: `/1/workflows`, or `/2/workflows` as at `https://rest.bosbec.io`. @default 1 */
  version?: 1 | 2;
  /**
   * Has the vendor tell us the code (its manual's second case), so that we compare it ourselves and nothing but this code
   * answers for this recipient. With `false` the vendor is asked whether a code is valid (the first case), and one that
   * ignores the `receiver` we send along takes any code that lives in the workflow: only for vendors that tell no code.
   * @default true
   */
  returnCode?: boolean;
  /** What your workflow calls its triggers and metadata, where those are not the manual's. */
  names?: WorkflowNames;
  /** More metadata for the workflow, with every code that is asked for. */
  metadata?: Readonly<Record<string, string>>;
  /** `application/json` is what newer manuals say. @default "json/application" */
  contentType?: "json/application" | "application/json";
  /** For events and records, and to tell two of them apart. @default "mobileresponse" */
  name?: string;
}

const OPTIONS = {
  apiToken: true,
  workflowId: true,
  authHeader: true,
  baseUrl: true,
  version: true,
  returnCode: true,
  names: true,
  metadata: true,
  contentType: true,
  name: true,
} as const;

/** The vendor refused, or said something that its manual does not know. */
export class MobileResponseError extends DeliveryError {
  override readonly name = "MobileResponseError";
  /** Of the HTTP answer: the vendor has no other code for its errors. */
  readonly code: number;
  /** Its `errorMessage`s, as it wrote them. */
  readonly errors: readonly string[];

  constructor(message: string, code: number, errors: readonly string[], facts: DeliveryFacts) {
    super(message, facts);
    this.code = code;
    this.errors = errors;
  }
}

/**
 * Codes made, sent and checked by a MobileResponse (Bosbec) workflow.
 *
 * @throws TwoFactorError `misconfigured` for an unknown option, or an id, token or address that cannot be one.
 */
export function mobileresponse(options: MobileResponseOptions): VerificationProvider {
  checkKeys(options, OPTIONS, "mobileresponse()");
  const { returnCode = true, name = "mobileresponse" } = options;
  const workflowId = credential(
    options.workflowId,
    "mobileresponse({ workflowId })",
    /^[\w-]{1,100}$/,
    'takes the id of the service: "00000000-0000-0000-0000-000000000000".',
  );
  const names = checkNames(options.names ?? {}, "mobileresponse({ names })");
  if (!Object.values(options.metadata ?? {}).every((value) => typeof value === "string")) {
    throw misconfigured("mobileresponse({ metadata }) takes texts by name.");
  }
  const call = caller(options, name);
  return {
    kind: "verification",
    name,
    channels: ["sms", "email"],
    async start({ to }, { signal }) {
      const wanted = returnCode ? { [CODE]: `incomingunit.metadata.${names.code}` } : undefined;
      const sent = { ...options.metadata, [names.receiver]: to };
      const { told, fail } = await call(callBody(workflowId, names.generate, sent, wanted), signal);
      const code = told.data.get(CODE);
      if (told.processId === undefined) throw fail("named no process");
      if (!returnCode) return { reference: told.processId };
      if (code === undefined || !/^[\x21-\x7e]{3,20}$/.test(code))
        throw fail("told no code, which { returnCode } wants of it");
      return { reference: told.processId, code };
    },
    async check(_process, code, { to, signal }) {
      if (code === "") return false;
      const isMail = to.includes("@");
      const wanted: ResponseData = {
        [VERDICT]: `metadata.${names.isValid}`,
        [RECEIVER]: isMail ? "incomingunit.email" : "incomingunit.phonenumber",
      };
      const body = callBody(workflowId, names.validate, { [names.code]: code, [names.receiver]: to }, wanted);
      const { told, fail } = await call(body, signal);
      const verdict = told.data.get(VERDICT);
      if (verdict === "false") return false;
      if (verdict !== "true") throw fail("did not say whether the code is valid");
      // its process is a new one with every call: only the receiver can tell whose code this was
      return isSameReceiver(told.data.get(RECEIVER), to);
    },
  };
}
maker(mobileresponse, "mobileresponse");

const CODE = "current-code";
const VERDICT = "code-is-valid";
const RECEIVER = "receiver";

type CallVendor = (
  body: string,
  signal: SendContext["signal"],
) => Promise<{ told: Told; fail: (why: string) => Error }>;

function caller(options: MobileResponseOptions, who: string): CallVendor {
  const { authHeader = "api-token", contentType = "json/application", version = 1 } = options;
  const token = /^[\x21-\x7e]{1,512}$/;
  const apiToken = credential(
    options.apiToken,
    "mobileresponse({ apiToken })",
    token,
    "is no token that a header can carry.",
  );
  if (version !== 1 && version !== 2) throw misconfigured("mobileresponse({ version }) is 1 or 2.");
  const base = checkedBase(options.baseUrl ?? "https://rest.mobileresponse.io", "mobileresponse({ baseUrl })");
  const url = `${base}/${version}/workflows`;
  const headers = {
    [oneOf(authHeader, ["api-token", "api-key"], "mobileresponse({ authHeader })")]: apiToken,
    "content-type": oneOf(contentType, ["json/application", "application/json"], "mobileresponse({ contentType })"),
    accept: "application/json",
  };
  return async (body, signal) => {
    const answer: BoundedAnswer = await postBounded({ who, url, headers, body, signal });
    const told = readAnswer(answer.text);
    const facts = refusal(who, answer);
    const failure = (why: string) => new MobileResponseError(why, answer.status, told.errors, facts);
    if (answer.status !== 200) throw failure(facts.message);
    return { told, fail: (why) => failure(`${who} ${why}.`) };
  };
}

/** A vendor that does not say whose code it was is believed; one that names somebody else is not. */
function isSameReceiver(told: string | undefined, to: string): boolean {
  const plain = (receiver: string): string =>
    receiver.includes("@") ? receiver.trim().toLowerCase() : receiver.replaceAll(/\D/g, "").replace(/^00/, "");
  return told === undefined || told.trim() === "" || plain(told) === plain(to);
}
