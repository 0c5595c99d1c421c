import {
  type CodeShape,
  type DefinitionsApi,
  type FailureLimit,
  type Job,
  type LimitsApi,
  type LimitValue,
  type MessageHints,
  outbox,
  type PageView,
  type Scheduler,
  sms,
  type Step,
  type Template,
  type TemplateSyntax,
  type Theme,
  twoFactor,
  type Verification,
  type VerificationChecked,
  type VerificationReceipt,
  type VerificationRefused,
  type VerificationSearch,
  type VerificationStarted,
  type Verifications,
  type WorkflowsApi,
} from "require2fa";
import { comapi } from "require2fa/comapi";
import { mitto } from "require2fa/mitto";
import { mobileresponse } from "require2fa/mobileresponse";
import { routee } from "require2fa/routee";
import { tokenApi } from "require2fa/token-api";

/** True only where two types are the same; `any` is the same as nothing but itself. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
function holds<_T extends true>(): void {}

const tfa = twoFactor({ secret: "s", contact: () => null, methods: [sms(outbox())], user: () => undefined });
holds<Same<typeof tfa.limits, LimitsApi>>();
holds<Same<typeof tfa.workflows, WorkflowsApi>>();
holds<Same<typeof tfa.verifications, Verifications>>();

// every word that a helper of one's own needs has a name
export type Words = [CodeShape, Job, LimitValue, PageView, Scheduler, Step, Theme, DefinitionsApi<LimitValue, object>];

export async function check(which: { id: string }, code: string, failures: FailureLimit): Promise<string> {
  const checked: VerificationChecked = await tfa.verifications.check({ ...which, code, failures });
  if (checked.ok) return checked.verification.status;
  const no: VerificationRefused = checked;
  return no.reason;
}

export async function start(template: Template, syntax: TemplateSyntax, hints: MessageHints): Promise<Verification> {
  const started: VerificationStarted = await tfa.verifications.start({ to: "+46707123456", template, syntax, hints });
  if (!started.ok) throw new Error(started.reason);
  return started.verification;
}

export const search: VerificationSearch = { to: "0707123456", country: "SE", status: ["failed", "undeliverable"] };
export const receipt: VerificationReceipt = { verification: "v", event: "e", status: "delivered" };

// @ts-expect-error no such status
void tfa.verifications.search({ status: ["failed", "lost"] });
// @ts-expect-error a record has no nested hints
void tfa.verifications.start({ to: "+46707123456", hints: { restrictions: { contentTemplateId: "1" } } });
// @ts-expect-error one of three
void tfa.verifications.start({ to: "+46707123456", supersede: "forget" });

// What an environment gives may be missing, and is told of when the client is made.
const { A_SETTING: setting } = process.env;
mitto({ accountSid: setting, token: setting, service: "Acme" });
routee({ applicationId: setting, applicationSecret: setting });
comapi({ username: setting, password: setting });
mobileresponse({ apiToken: setting, workflowId: setting });
tokenApi({ apiKey: setting, baseUrl: setting });
