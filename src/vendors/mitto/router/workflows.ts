import type { Step, WorkflowStep } from "../../../verification/workflow.js";
import { type ChannelText, channelTexts, readChannels } from "../wire/channels.js";
import { definitionHandlers, type Kind } from "./definitions.js";

const WORKFLOWS: Kind<readonly Step[], { steps: readonly WorkflowStep[] }> = {
  prefix: "WF",
  path: "/2fa/workflows",
  exists: "workflowExists",
  unknown: "unknownWorkflow",
  definitions: ({ workflows }) => workflows,
  read({ fields }) {
    const read = readChannels(fields);
    return read && { given: { steps: read.steps }, kept: { channels: read.channels } };
  },
  show({ account, caller }, { id, name, value }, kept, description) {
    const { channels = channelTexts(value) } = (kept ?? {}) as { channels?: readonly ChannelText[] };
    return {
      sid: id,
      name,
      channels,
      description,
      accountSid: caller.sid,
      accountEmail: caller.email ?? null,
      targetAccountSid: account.sid,
      targetAccountEmail: account.email ?? null,
      uri: `/2fa/workflows/search/${id}`,
    };
  },
};

/** Workflows: channels that an OTP goes by, one after the other. */
export const workflowHandlers = definitionHandlers(WORKFLOWS);
