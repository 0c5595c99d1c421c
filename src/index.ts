export { twoFactor, type TwoFactor } from "./two-factor.js";
export { type Guard, require2fa, type RoutePolicy } from "./express/guard.js";
export { totp, type TotpOptions } from "./methods/totp.js";
export { passkey } from "./methods/passkey/passkey.js";
export type { PasskeyOptions } from "./methods/passkey/options.js";
export type { PasskeyCreation, PasskeyDescriptor, PasskeyRequest } from "./methods/passkey/json.js";
export { recoveryCodes, type RecoveryCodesOptions } from "./methods/recovery-codes.js";
export { email, type PhoneCodeOptions, type SentCodeOptions, sms, voice } from "./methods/sent-code.js";
export { sessionProof } from "./express/session-proof.js";
export { jwtProof } from "./express/jwt-proof.js";
export type { JwtProofOptions } from "./express/jwt/options.js";
export { consoleProvider } from "./providers/console.js";
export { outbox } from "./providers/outbox.js";
export { smtp } from "./providers/smtp.js";
export { webhook } from "./providers/webhook.js";
export { memoryStore, type MemoryStoreOptions } from "./stores/memory/memory-store.js";
export { type ErrorCode, TwoFactorError } from "./core/errors.js";

export type { LanguageOptions, LanguageTexts, TextOptions } from "./languages.js";
export type { FactorsOptions } from "./factors-options.js";
export type { PageOptions, TwoFactorOptions } from "./options.js";
export type { EnrollmentRequest, FactorsApi } from "./factors-api.js";
export type { FactorNotice } from "./step-up/notices.js";
export type { Enrollment, PublicFactor } from "./step-up/public-factor.js";
export type { DevicesApi } from "./devices-api.js";
export type { TrustedDevicesOptions } from "./devices-options.js";
export type { PublicDevice } from "./express/public-device.js";
export type { FactorStorage, StoredFactor } from "./step-up/factor-book.js";
export type { ChallengeNo, ChallengeResult, ChallengesApi } from "./challenges-api.js";
export type { DefinitionsApi, LimitsApi, WorkflowsApi } from "./definitions-api.js";
export type { Duration } from "./core/durations.js";
export type { EventListeners, EventName, TwoFactorEvents } from "./core/events.js";
export type { RequestTwoFactor } from "./express/context.js";
export type { AuditedRoute } from "./express/inventory.js";
export type { Theme } from "./express/page/theme.js";
export type { PageView } from "./express/page/view.js";
export type { PublicChallenge } from "./express/wire.js";
export type { Proof, ProofFactory } from "./express/proof.js";
export type { Contact, MethodFactory, MethodName, PasskeyKind } from "./methods/method.js";
export type { ConsoleOptions } from "./providers/console.js";
export type { Outbox, OutboxMessage, OutboxOptions } from "./providers/outbox.js";
export type { SmtpOptions } from "./providers/smtp-options.js";
export type { WebhookOptions } from "./providers/webhook.js";
export type {
  Channel,
  DeliveryProvider,
  Message,
  MessageHints,
  Provider,
  Receipt,
  SendFunction,
} from "./providers/provider.js";
export type { DeliveryReport, ReceiptPost, ReceiptReader, Receipts } from "./providers/provider.js";
export type { RemoteStart, VerificationProvider } from "./providers/provider.js";
export type { Definition, Defined, DefinitionPage } from "./verification/registry.js";
export type { CodeShape } from "./verification/code.js";
export type { FailureLimit } from "./verification/failure-limit.js";
export type { VerificationStarted } from "./verification/issuer.js";
export type { LimitValue } from "./verification/named-limits.js";
export type { Refused } from "./verification/outcome.js";
export type { Receipt as VerificationReceipt } from "./verification/receipts.js";
export type {
  CodeRequest,
  NumberStatus,
  Verification,
  VerificationEvent,
  VerificationStart,
  VerificationWhich,
} from "./verification/request.js";
export type { Job, Scheduler } from "./verification/scheduler.js";
export type { Template, TemplateSyntax } from "./verification/template.js";
export type { UsageRecord, UsageRequest } from "./verification/usage.js";
export type { CodeAlone, VerificationChecked, VerificationRefused } from "./verification/checker.js";
export type { EndListener, Verifications, VerificationSearch } from "./verification/verifications.js";
export type { Step, WorkflowStep } from "./verification/workflow.js";
export type { FirstFactor } from "./step-up/first-factor.js";
export type { Mark } from "./step-up/mark.js";
export type { Policy, Transaction } from "./step-up/policy.js";
export type { Store } from "./stores/store.js";
export type { Bucket } from "./verification/bucket.js";
export type { LimitOptions, NamedLimit } from "./verification/limits.js";
