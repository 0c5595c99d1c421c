import { misconfigured } from "../../core/errors.js";
import { checkKeys } from "../../core/options.js";

/**
 * What a workflow calls its triggers and its metadata. Installed services differ: those that the vendor's own app calls
 * have `send-verify-phone-sms` and `verify-number`.
 */
export interface WorkflowNames {
  /** @default "generate-code" */
  generate?: string;
  /** @default "validate-code" */
  validate?: string;
  /** @default "receiver" */
  receiver?: string;
  /** @default "current-code" */
  code?: string;
  /** @default "code-is-valid" */
  isValid?: string;
}

const NAMES = {
  generate: "generate-code",
  validate: "validate-code",
  receiver: "receiver",
  code: "current-code",
  isValid: "code-is-valid",
} as const;

/** @throws TwoFactorError `misconfigured` for a name that no path of an answer could hold. */
export function checkNames(given: WorkflowNames, where: string): Required<WorkflowNames> {
  checkKeys(given, { generate: true, validate: true, receiver: true, code: true, isValid: true }, where);
  const names = { ...NAMES, ...given };
  for (const [use, name] of Object.entries(names)) {
    if (typeof name !== "string" || !/^[\w.:-]{1,100}$/.test(name)) {
      throw misconfigured(`${where}.${use} takes a name of letters, digits and "-", "_", ".", ":".`);
    }
  }
  if (names.generate.toLowerCase() === names.validate.toLowerCase()) {
    throw misconfigured(`${where}: a trigger cannot both generate and validate.`);
  }
  return names;
}
